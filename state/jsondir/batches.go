package jsondir

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// Batches returns the next batches.
func (b *db) Batches(ctx context.Context, id string, after int64, limit int) (batches []driver.Batch, err error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	files := map[int]string{}
	err = s.view(ctx, id, func(ix *index) {
		if ix.theirs != nil {
			batches = ix.theirs.After(after, limit)
			return
		}
		files = maps.Clone(ix.batches)
	})
	for _, n := range slices.Sorted(maps.Keys(files)) {
		if err != nil || len(batches) == limit {
			break
		}
		if int64(n) <= after {
			continue
		}
		batch := driver.Batch{Index: int64(n), Where: s.dir + "/batches/" + files[n]}
		batch.Document, err = b.batchDocument(batch.Where)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // deleted meanwhile
			continue
		}
		batches = append(batches, batch)
	}
	return batches, err
}

func (b *db) batchDocument(name string) ([]byte, error) {
	data, err := b.readFile(name, maxDocument)
	if err != nil {
		err = b.fault("read", name, err)
	}
	return data, err
}

func (b *db) readBatch(dir, file string) (*state.Batch, error) {
	name := dir + "/batches/" + file
	data, err := b.batchDocument(name)
	if err != nil {
		return nil, err
	}
	batch, err := q2google.Codec{}.DecodeBatch(data)
	if err != nil {
		return nil, b.Damaged(name, err)
	}
	return batch, nil
}

// putBatches stores batches, each in a file of its own, or removes them.
func (s *session) putBatches(batches []driver.Batch) error {
	dir, changed := s.dir+"/batches", false
	for _, b := range batches {
		n := int(b.Index)
		file := s.ix.batches[n]
		if b.Document == nil && file == "" {
			continue
		}
		err := s.b.makeDir(dir)
		switch {
		case err != nil:
		case b.Document == nil:
			err = s.b.remove(dir + "/" + file)
		case file == "":
			file = batchFile(n)
			fallthrough
		default:
			err = s.b.writeFile(dir+"/"+file, b.Document)
		}
		if err != nil {
			return err
		}
		changed = true
		s.update(func(ix *index) {
			if ix.batches[n] = file; b.Document == nil {
				delete(ix.batches, n)
			}
		})
	}
	if !changed {
		return nil
	}
	return s.b.syncDir(dir)
}
