package sqlite

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/gondola-sync/gondola/state"
)

// Batches iterates the session's batches by index, as Items does items.
func (b *Backend) Batches(ctx context.Context, id string) iter.Seq2[*state.Batch, error] {
	return func(yield func(*state.Batch, error) bool) {
		for r, err := range b.pages(ctx, math.MinInt64, func(after int64) ([]stored, error) {
			return b.page(ctx, id, `SELECT s.number, b.number, b.document FROM session s
				LEFT JOIN batch b ON b.session = s.number AND b.number > ?2
				WHERE s.id = ?1 ORDER BY b.number LIMIT ?3`, id, after, pageSize/8)
		}, func(number int64) (string, error) { return b.batchAt(ctx, id, number) }) {
			var batch *state.Batch
			if err == nil {
				batch, err = state.DecodeBatch([]byte(r.document))
				if err != nil {
					err = b.corrupt(fmt.Sprintf("batch %d of session %q", r.place, id), err)
				}
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

func (b *Backend) batchAt(ctx context.Context, id string, number int64) (document string, err error) {
	err = b.one(ctx, on("read", id), `SELECT b.document FROM session s JOIN batch b ON b.session = s.number
		WHERE s.id = ? AND b.number = ?`, []any{id, number}, &document)
	return document, err
}

// PutBatch stores a batch.
func (b *Backend) PutBatch(ctx context.Context, id string, batch *state.Batch) error {
	document, err := compact(state.EncodeBatch(batch))
	if err != nil {
		return refused(fmt.Sprintf("batch %d of session %q", batch.Index, id), err)
	}
	return b.change(ctx, "store a batch of", id, func(t *tx, session int64) error {
		return t.exec(`INSERT INTO batch (session, number, document) VALUES (?, ?, ?)
			ON CONFLICT (session, number) DO UPDATE SET document = excluded.document WHERE document <> excluded.document`,
			session, batch.Index, document)
	})
}

// DeleteBatch removes a batch.
func (b *Backend) DeleteBatch(ctx context.Context, id string, index int) error {
	return b.change(ctx, "remove a batch of", id, func(t *tx, session int64) error {
		return t.exec("DELETE FROM batch WHERE session = ? AND number = ?", session, index)
	})
}
