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
		err := b.Change(ctx, "clear deleted sessions", sqlstore.How{}, func(t sqlstore.Tx) error {
			more = clearPiece(t)
			return t.Send()
		})
		if err != nil {
			return err
		}
	}
	return b.shrink(ctx)
}

// clearPiece clears a piece of the first deleted session, and reports whether there
// was one.
func clearPiece(t sqlstore.Tx) (found bool) {
	var session int64
	if t.Query("SELECT num FROM sessions WHERE id IS NULL LIMIT 1", nil, into(&found, &session)); !found {
		return false
	}
	for _, query := range []string{
		"DELETE FROM items WHERE session = ?1 AND seq IN (SELECT seq FROM items WHERE session = ?1 ORDER BY seq LIMIT ?2)",
		`DELETE FROM batches WHERE session = ?1 AND "index" IN (SELECT "index" FROM batches WHERE session = ?1 ORDER BY "index" LIMIT ?2)`,
		"DELETE FROM journal WHERE session = ?1 AND number IN (SELECT number FROM journal WHERE session = ?1 ORDER BY number LIMIT ?2)",
	} {
		t.Exec(query, session, clearRows)
	}
	t.Exec(`DELETE FROM sessions WHERE num = ?1 AND NOT EXISTS (SELECT 1 FROM items WHERE session = ?1)
		AND NOT EXISTS (SELECT 1 FROM batches WHERE session = ?1) AND NOT EXISTS (SELECT 1 FROM journal WHERE session = ?1)`, session)
	return true
}

// shrink gives free pages back to the disk, those at the end of the file and,
// moving others into their place, all that are free now.
func (b *db) shrink(ctx context.Context) error {
	for before, free := -1, 0; free != before; {
		before = free
		err := b.Change(ctx, "shrink", sqlstore.How{}, func(t sqlstore.Tx) error {
			if t.Query("PRAGMA freelist_count", nil, into(new(bool), &free)); free > 0 {
				t.Exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", clearPages))
			}
			return t.Send()
		})
		if err != nil {
			return err
		}
	}
	return nil
}
