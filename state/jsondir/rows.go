package jsondir

import (
	"context"
	"errors"
	"io/fs"

	"github.com/gondola-sync/gondola/state/driver"
)

// view shows a session's index, from which pages and sums are: a caller that works
// on an item of a page reads its file then.
func (b *db) view(ctx context.Context, id string, show func(*driver.Memory)) error {
	s, err := b.session(ctx, id)
	if err == nil {
		err = s.view(ctx, id, func(ix *index) { show(ix.Memory) })
	}
	return err
}

// Find returns the item that ref picks, from its file. It looks again if the file
// went away in between, since a new name gives an item a new file.
func (b *db) Find(ctx context.Context, id string, ref driver.Ref) (row driver.Row, err error) {
	s, err := b.session(ctx, id)
	for range 3 {
		found := false
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = s.view(ctx, id, func(ix *index) {
				if picked := ix.pick(ref); picked != nil {
					row, found = *picked, true
				}
			})
		}
		switch {
		case err != nil:
			return row, err
		case !found:
			return row, driver.ErrNotFound
		case row.Document != nil:
			return row, nil
		}
		row.Where = s.dir + "/" + items.file(row.Where)
		row.Document, err = b.read(row.Where)
	}
	return row, err
}

// Batches returns the next batches.
func (b *db) Batches(ctx context.Context, id string, after int64, limit int) (page []driver.Batch, err error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	var rest []driver.Batch
	err = s.view(ctx, id, func(ix *index) { rest = ix.After(after, len(ix.Batches)) })
	for _, batch := range rest {
		if err != nil || len(page) == limit {
			break
		}
		if len(batch.Document) == 0 {
			batch.Where = s.dir + "/" + batches.file(batchFile(batch.Index))
			batch.Document, err = b.read(batch.Where)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // deleted meanwhile
			continue
		}
		page = append(page, batch)
	}
	return page, err
}
