package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state/driver"
)

// journalPage is how many entries of a journal are in memory at a time.
const journalPage = 200

// CheckName returns why an item cannot have this name.
func (b *db) CheckName(name string) error {
	if !storable(name) {
		return errText
	}
	return nil
}

// Fold returns the name: only equal ones collide.
func (b *db) Fold(name string) string { return name }

// Find returns the item that ref picks.
func (b *db) Find(ctx context.Context, session string, ref driver.Ref) (driver.Row, error) {
	where, what := "seq = $2", any(ref.Seq)
	switch {
	case ref.Key != "":
		where, what = "identity = $2", ref.Key
	case ref.Name != "":
		where, what = "name = $2", ref.Name
	}
	if text, ok := what.(string); ok && !storable(text) {
		return driver.Row{}, notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, readOp(session), scanRow, `SELECT seq, document FROM gondola.items
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND `+where, session, what)
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return driver.Row{}, err
	}
	return found[0], nil
}

func scanRow(row pgx.CollectableRow) (r driver.Row, err error) {
	err = row.Scan(&r.Seq, &r.Document)
	return r, err
}

// Page returns the next items that q selects: nothing is held in the database
// while the caller works on them.
func (b *db) Page(ctx context.Context, session string, q driver.Query) ([]driver.Row, error) {
	if q == (driver.Query{After: q.After, Limit: q.Limit}) {
		return b.sequence(ctx, session, q.After, q.Limit)
	}
	outdated, err := b.isOutdated(ctx, session)
	if err != nil {
		return nil, err
	}
	sql, args := pageQuery(session, q, outdated)
	page, err := query(ctx, b, readOp(session), scanRow, sql, args...)
	if err == nil && len(page) == 0 {
		err = b.exists(ctx, session)
	}
	return page, err
}

// sequence returns the next items by number. Numbers have no gaps to speak of, so
// that a range of them is a page.
func (b *db) sequence(ctx context.Context, session string, after int64, limit int) (page []driver.Row, err error) {
	for len(page) < limit {
		next := after + int64(limit-len(page))
		rows, err := query(ctx, b, readOp(session), scanRow, `SELECT seq, document FROM gondola.items
			WHERE session = `+num+` AND seq > $2 AND seq <= $3 ORDER BY seq`, session, after, next)
		if page = append(page, rows...); err != nil || len(page) == limit {
			return page, err
		}
		last, err := b.lastSeq(ctx, session)
		if err != nil || last <= next {
			return page, err
		}
		after = next
	}
	return page, nil
}

// lastSeq returns the number of the item found last, 0 if there is none.
func (b *db) lastSeq(ctx context.Context, session string) (int64, error) {
	found, err := query(ctx, b, readOp(session), pgx.RowTo[int64], `SELECT coalesce((SELECT max(seq) FROM gondola.items WHERE session = num), 0)
		FROM gondola.sessions WHERE id = $1`, session)
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	return found[0], nil
}

// Batches returns the next batches.
func (b *db) Batches(ctx context.Context, session string, after int64, limit int) ([]driver.Batch, error) {
	page, err := query(ctx, b, readOp(session), scanBatch, `SELECT index, document FROM gondola.batches
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND index > $2 ORDER BY index LIMIT $3`,
		session, after, limit)
	if err == nil && len(page) == 0 {
		err = b.exists(ctx, session)
	}
	return page, err
}

func scanBatch(row pgx.CollectableRow) (b driver.Batch, err error) {
	err = row.Scan(&b.Index, &b.Document)
	return b, err
}

// Sums returns what the items of each outcome sum up to.
func (b *db) Sums(ctx context.Context, id string) ([]driver.Sum, error) {
	sums, err := query(ctx, b, readOp(id), pgx.RowToStructByPos[driver.Sum], `SELECT coalesce(c.outcome, ''),
			coalesce(sum(c.items), 0)::bigint, coalesce(sum(c.bytes), 0)::bigint, coalesce(sum(c.carried), 0)::bigint
		FROM gondola.sessions s LEFT JOIN gondola.counts c ON c.session = s.num WHERE s.id = $1 GROUP BY c.outcome`, id)
	if err == nil && len(sums) == 0 {
		err = driver.ErrNotFound
	}
	return sums, err
}

// exists returns ErrNotFound if there is no such session.
func (b *db) exists(ctx context.Context, id string) error {
	if !storable(id) {
		return notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, readOp(id), pgx.RowTo[int64], `SELECT num FROM gondola.sessions WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	return err
}

// notStorable is the answer to who looks for what the database cannot hold.
func notStorable(err error) error {
	if err != nil {
		return err
	}
	return driver.ErrNotFound
}

var errText = errors.New("PostgreSQL keeps no NUL byte and only valid UTF-8 in its texts")
