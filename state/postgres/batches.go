package postgres

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gondola-sync/gondola/state"
)

// batchPage is how many batches of a listing are in memory at a time: each
// holds the answer to a create call, some tens of kilobytes.
const batchPage = 50

// numbered is a document with its place in a session.
type numbered struct {
	N        int64
	Document []byte
}

// Batches iterates the session's batches by index.
func (b *Backend) Batches(ctx context.Context, session string) iter.Seq2[*state.Batch, error] {
	return func(yield func(*state.Batch, error) bool) {
		if err := b.exists(ctx, session); err != nil {
			yield(nil, err)
			return
		}
		for after := int64(math.MinInt64); ; {
			page, err := query(ctx, b, readOp(session), pgx.RowToStructByPos[numbered], `SELECT index, document FROM gondola.batches
				WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND index > $2 ORDER BY index LIMIT $3`,
				session, after, batchPage)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, n := range page {
				batch, err := state.DecodeBatch(n.Document)
				if err != nil {
					err = b.damaged(fmt.Sprintf("batch %d of session %q", n.N, session), err)
				}
				if !yield(batch, err) || err != nil {
					return
				}
				after = n.N
			}
			if len(page) < batchPage {
				return
			}
		}
	}
}

// PutBatch stores a batch.
func (b *Backend) PutBatch(ctx context.Context, session string, batch *state.Batch) error {
	op := fmt.Sprintf("store batch %d of session %q", batch.Index, session)
	document, err := compact(state.EncodeBatch(batch))
	if err != nil {
		return b.fault(op, err)
	}
	if !storable(session) {
		return notStorable(b.usable(ctx))
	}
	return b.changeSession(ctx, session, op, func(ctx context.Context, t *tx) error {
		var stored int64
		t.exec(`INSERT INTO gondola.batches (session, index, document)
			SELECT num, $2::bigint, $3::text::json FROM gondola.sessions WHERE id = $1
			ON CONFLICT (session, index) DO UPDATE SET document = excluded.document`,
			session, batch.Index, document).Exec(rowsInto(&stored))
		if err := t.send(ctx); err != nil {
			return err
		}
		if stored == 0 {
			return state.ErrNotFound
		}
		return nil
	})
}

// DeleteBatch removes a batch.
func (b *Backend) DeleteBatch(ctx context.Context, session string, index int) error {
	if err := b.exists(ctx, session); err != nil {
		return err
	}
	return b.changeSession(ctx, session, fmt.Sprintf("delete batch %d of session %q", index, session), func(_ context.Context, t *tx) error {
		t.exec(`DELETE FROM gondola.batches
			WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND index = $2`, session, index)
		return nil
	})
}

// rowsInto notes how many rows a statement changed.
func rowsInto(n *int64) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*n = tag.RowsAffected()
		return nil
	}
}
