package sqlite

import (
	"context"

	"github.com/gondola-sync/gondola/state/driver"
)

// Find returns the item that ref picks.
func (b *db) Find(ctx context.Context, id string, ref driver.Ref) (driver.Row, error) {
	var row driver.Row
	where, what := "i.seq = ?2", any(ref.Seq)
	switch {
	case ref.Key != "":
		where, what = "i.key = ?2", ref.Key
	case ref.Name != "":
		where, what = "i.name = ?2", ref.Name
	}
	err := b.one(ctx, on("read", id), "SELECT i.seq, i.document FROM session s JOIN item i ON i.session = s.number WHERE s.id = ?1 AND "+where,
		[]any{id, what}, &row.Seq, &row.Document)
	return row, err
}

// Page returns the next items that q selects.
func (b *db) Page(ctx context.Context, id string, q driver.Query) (rows []driver.Row, err error) {
	outdated, err := b.isOutdated(ctx)
	if err != nil {
		return nil, err
	}
	query, args := pageQuery(id, q, outdated)
	known := false
	err = b.read(ctx, on("read", id), query, args, func(r row) error {
		var seq *int64
		var document []byte
		err := r.Scan(&seq, &document)
		if known = true; err == nil && seq != nil {
			rows = append(rows, driver.Row{Seq: *seq, Document: document})
		}
		return err
	})
	if err == nil && !known {
		err = driver.ErrNotFound
	}
	return rows, err
}

// Sums returns the sums that the database keeps.
func (b *db) Sums(ctx context.Context, id string) (sums []driver.Sum, err error) {
	known := false
	err = b.read(ctx, on("count the items of", id), `SELECT coalesce(t.outcome, ''), coalesce(t.items, 0), coalesce(t.bytes, 0), coalesce(t.carried, 0)
		FROM session s LEFT JOIN tally t ON t.session = s.number WHERE s.id = ?`, []any{id}, func(r row) error {
		known = true
		sums = append(sums, driver.Sum{})
		sum := &sums[len(sums)-1]
		return r.Scan(&sum.Outcome, &sum.Items, &sum.Bytes, &sum.Carried)
	})
	if err == nil && !known {
		err = driver.ErrNotFound
	}
	return sums, err
}

// Batches returns the next batches.
func (b *db) Batches(ctx context.Context, id string, after int64, limit int) (batches []driver.Batch, err error) {
	known := false
	err = b.read(ctx, on("read", id), `SELECT b.number, b.document FROM session s
		LEFT JOIN batch b ON b.session = s.number AND b.number > ?2
		WHERE s.id = ?1 ORDER BY b.number LIMIT ?3`, []any{id, after, limit}, func(r row) error {
		var number *int64
		var document []byte
		err := r.Scan(&number, &document)
		if known = true; err == nil && number != nil {
			batches = append(batches, driver.Batch{Index: *number, Document: document})
		}
		return err
	})
	if err == nil && !known {
		err = driver.ErrNotFound
	}
	return batches, err
}
