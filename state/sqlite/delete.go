package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// Delete removes a session. One transaction takes it out of sight, then
// its rows are cleared piece by piece, with those that an interrupted deletion
// has left, and the file shrinks.
func (b *db) Delete(ctx context.Context, id string) error {
	gone := b.Store.Delete(ctx, id)
	if gone != nil && !errors.Is(gone, driver.ErrNotFound) {
		return gone
	}
	if err := b.clear(ctx); err != nil {
		return err
	}
	return gone
}

// How much one transaction clears: others wait some hundredths of a second.
const (
	clearRows  = 1000
	clearPages = 1000
)

// clear removes the rows of sessions that have been deleted, and gives the
// space they took back to the disk.
func (b *db) clear(ctx context.Context) error {
	for more := true; more; {
		err := b.change(ctx, "clear deleted sessions", func(t *tx) { more = t.clear() })
		if err != nil {
			return err
		}
	}
	return b.shrink(ctx)
}

// change runs one transaction on a schema that is up to date.
func (b *db) change(ctx context.Context, op string, do func(t *tx)) error {
	return b.Change(ctx, op, sqlstore.How{}, func(t sqlstore.Tx) error { do(t.(*tx)); return t.Send() })
}

// shrink gives free pages back to the disk, those at the end of the file and,
// moving others into their place, all that are free now.
func (b *db) shrink(ctx context.Context) error {
	for before, free := -1, 0; free != before; {
		before = free
		err := b.change(ctx, "shrink", func(t *tx) {
			var found bool
			if t.Query("PRAGMA freelist_count", nil, into(&found, &free)); free > 0 {
				t.Exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", clearPages))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clear clears a piece of the first deleted session, and reports whether there
// was one.
func (t *tx) clear() (found bool) {
	var session int64
	t.Query("SELECT num FROM sessions WHERE id IS NULL LIMIT 1", nil, into(&found, &session))
	if !found {
		return false
	}
	for _, query := range []string{
		"DELETE FROM items WHERE session = ?1 AND seq IN (SELECT seq FROM items WHERE session = ?1 ORDER BY seq LIMIT ?2)",
		`DELETE FROM batches WHERE session = ?1 AND "index" IN (SELECT "index" FROM batches WHERE session = ?1 ORDER BY "index" LIMIT ?2)`,
		"DELETE FROM journal WHERE session = ?1 AND number IN (SELECT number FROM journal WHERE session = ?1 ORDER BY number LIMIT ?2)",
	} {
		if t.Exec(query, session, clearRows); t.changed > 0 {
			return true
		}
	}
	t.Exec("DELETE FROM sessions WHERE num = ?", session)
	return true
}
