package jsondir

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"github.com/gondola-sync/gondola/state"
)

// Batches iterates the session's batches by index.
func (b *Backend) Batches(ctx context.Context, id string) iter.Seq2[*state.Batch, error] {
	return func(yield func(*state.Batch, error) bool) {
		s, err := b.session(ctx, id)
		var numbers []int
		if err == nil {
			err = s.view(ctx, id, func(ix *index) { numbers = slices.Sorted(maps.Keys(ix.batches)) })
		}
		for _, n := range numbers {
			batch, err := s.batch(ctx, id, n)
			if errors.Is(err, state.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (s *session) batch(ctx context.Context, id string, n int) (*state.Batch, error) {
	if err := s.b.usable(ctx); err != nil {
		return nil, err
	}
	var file string
	var flat map[string][]byte
	if err := s.view(ctx, id, func(ix *index) { file, flat = ix.batches[n], ix.flat }); err != nil {
		return nil, err
	}
	return s.b.batchIn(s.dir, file, flat)
}

// readBatch reads a batch. Call within change.
func (s *session) readBatch(n int) (*state.Batch, error) {
	return s.b.batchIn(s.dir, s.ix.batches[n], s.ix.flat)
}

func (b *Backend) batchIn(dir, file string, flat map[string][]byte) (*state.Batch, error) {
	if data, ok := flat["batches/"+file]; ok {
		return state.DecodeBatch(data)
	}
	if file == "" {
		return nil, state.ErrNotFound
	}
	return b.readBatch(dir, file)
}

func (b *Backend) readBatch(dir, file string) (*state.Batch, error) {
	name := dir + "/batches/" + file
	data, err := b.readFile(name, maxDocument)
	if err != nil {
		return nil, b.fault("read", name, err)
	}
	batch, err := state.DecodeBatch(data)
	if err != nil {
		return nil, b.corrupt(name, err)
	}
	return batch, nil
}

// PutBatch stores a batch in a file of its own.
func (b *Backend) PutBatch(ctx context.Context, id string, batch *state.Batch) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, id, func() error { return s.putBatch(batch) })
}

func (s *session) putBatch(batch *state.Batch) error {
	data, err := state.EncodeBatch(batch)
	if err != nil {
		return s.b.fault("store batch of", s.dir, err)
	}
	dir := s.dir + "/batches"
	if err := s.b.makeDir(dir); err != nil {
		return err
	}
	file := s.ix.batches[batch.Index]
	if file == "" {
		file = batchFile(batch.Index)
	}
	if err := s.b.writeFile(dir+"/"+file, data); err != nil {
		return err
	}
	s.update(func(ix *index) { ix.batches[batch.Index] = file })
	return s.b.syncDir(dir)
}

// DeleteBatch removes a batch's file.
func (b *Backend) DeleteBatch(ctx context.Context, id string, n int) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, id, func() error {
		file := s.ix.batches[n]
		if file == "" {
			return nil
		}
		if err := s.b.remove(s.dir + "/batches/" + file); err != nil {
			return err
		}
		s.update(func(ix *index) { delete(ix.batches, n) })
		return s.b.syncDir(s.dir + "/batches")
	})
}
