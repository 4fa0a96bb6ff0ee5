package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/lease"
)

// on names an operation on a session, to be followed by the path.
func on(op, id string) string { return fmt.Sprintf("%s session %q in", op, id) }

// guarded runs one transaction on behalf of a session, unless another process
// has taken the session over.
func (b *db) guarded(ctx context.Context, op, id string, do func(t *tx) error) error {
	if err := b.keeper.Check(ctx, id); err != nil {
		return err
	}
	return b.write(ctx, on(op, id), b.underLease(id, do))
}

// underLease returns a transaction that fails if another process has taken the
// session over.
func (b *db) underLease(id string, do func(t *tx) error) func(t *tx) error {
	token := b.keeper.Token(id)
	if token == "" {
		return do
	}
	return func(t *tx) error {
		var holder string
		_, err := t.row("SELECT token FROM lease WHERE session = ?", []any{id}, &holder)
		if err == nil && holder != token {
			err = lease.Lost(id)
		}
		if err != nil {
			return err
		}
		return do(t)
	}
}

// session returns the number by which the rows of a session know it.
func (t *tx) session(id string) (number int64, err error) {
	found, err := t.row("SELECT number FROM session WHERE id = ?", []any{id}, &number)
	if err == nil && !found {
		err = driver.ErrNotFound
	}
	return number, err
}

// one reads the only row of an answer, or returns driver.ErrNotFound.
func (b *db) one(ctx context.Context, op, query string, args []any, dest ...any) error {
	found := false
	err := b.read(ctx, op, query, args, func(r row) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		err = driver.ErrNotFound
	}
	return err
}

// stamp writes a time so that text sorts as times do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Header returns a session's header.
func (b *db) Header(ctx context.Context, id string) (driver.Header, error) {
	h := driver.Header{ID: id}
	err := b.one(ctx, on("read", id), "SELECT document FROM session WHERE id = ?", []any{id}, &h.Document)
	return h, err
}

// Headers lists headers, most recently updated first.
func (b *db) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		var ids []string
		err := b.read(ctx, "list sessions in", "SELECT id FROM session WHERE id IS NOT NULL ORDER BY updated_at DESC, id", nil,
			func(r row) error {
				ids = append(ids, "")
				return r.Scan(&ids[len(ids)-1])
			})
		if err != nil {
			yield(driver.Header{}, err)
			return
		}
		for _, id := range ids {
			h, err := b.Header(ctx, id)
			if errors.Is(err, driver.ErrNotFound) {
				continue // deleted meanwhile
			}
			if !yield(h, err) {
				return
			}
		}
	}
}
