package sqlstore

import (
	"context"

	"github.com/gondola-sync/gondola/state/driver"
)

// Find returns the item that ref picks.
func (s *Store) Find(ctx context.Context, session string, ref driver.Ref) (driver.Row, error) {
	where, what := "seq = $2", any(ref.Seq)
	switch {
	case ref.Key != "":
		where, what = "identity = $2", ref.Key
	case ref.Name != "":
		where, what = "name = $2", ref.Name
	}
	return one(ctx, s, readOp(session), "SELECT seq, document FROM gondola.items WHERE session = "+num+" AND "+where, []any{session, what}, scanRow)
}

func scanRow(rows Rows) (r driver.Row, err error) {
	err = rows.Scan(&r.Seq, &r.Document)
	return r, err
}

// Page returns the next items that q selects: nothing is held in the database
// while the caller works on them.
func (s *Store) Page(ctx context.Context, session string, q driver.Query) ([]driver.Row, error) {
	sql, args := pageQuery(session, q, !s.outdated.Load())
	page, err := collect(ctx, s, readOp(session), sql, args, scanRow)
	return page, s.empty(ctx, session, len(page), err)
}

// Batches returns the next batches.
func (s *Store) Batches(ctx context.Context, session string, after int64, limit int) ([]driver.Batch, error) {
	page, err := collect(ctx, s, readOp(session), `SELECT "index", document FROM gondola.batches
		WHERE session = `+num+` AND "index" > $2 ORDER BY "index" LIMIT $3`, []any{session, after, limit},
		func(rows Rows) (b driver.Batch, err error) {
			err = rows.Scan(&b.Index, &b.Document)
			return b, err
		})
	return page, s.empty(ctx, session, len(page), err)
}

// Sums returns the sums that the database keeps.
func (s *Store) Sums(ctx context.Context, session string) ([]driver.Sum, error) {
	sums, err := collect(ctx, s, readOp(session), `SELECT outcome, sum(items)::bigint, sum(bytes)::bigint, sum(carried)::bigint
		FROM gondola.counts WHERE session = `+num+` GROUP BY outcome`, []any{session}, func(rows Rows) (sum driver.Sum, err error) {
		err = rows.Scan(&sum.Outcome, &sum.Items, &sum.Bytes, &sum.Carried)
		return sum, err
	})
	return sums, s.empty(ctx, session, len(sums), err)
}
