package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state/driver"
)

// Delete removes a session. One transaction takes it out of sight, then
// its rows are cleared piece by piece, with those that an interrupted deletion
// has left, and the file shrinks. It returns a *state.LockedError if another
// backend holds the session.
func (b *db) Delete(ctx context.Context, id string) error {
	gone := b.hide(ctx, id)
	if gone != nil && !errors.Is(gone, driver.ErrNotFound) {
		return gone
	}
	if err := b.clear(ctx); err != nil {
		return err
	}
	return gone
}

// hide takes a session out of sight, under its lock.
func (b *db) hide(ctx context.Context, id string) error {
	if _, err := b.Header(ctx, id); errors.Is(err, driver.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	if b.keeper.Token(id) == "" {
		lock, err := b.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	return b.guarded(ctx, "delete", id, func(t *tx) error {
		session, err := t.session(id)
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM tally WHERE session = ?", session); err != nil {
			return err
		}
		return t.exec("UPDATE session SET id = NULL WHERE number = ?", session)
	})
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
		err := b.write(ctx, "clear deleted sessions in", func(t *tx) (err error) {
			more, err = t.clear()
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.shrink(ctx)
}

// shrink gives free pages back to the disk, those at the end of the file and,
// moving others into their place, all that are free now.
func (b *db) shrink(ctx context.Context) error {
	for before, free := -1, 0; free != before; {
		before = free
		err := b.write(ctx, "shrink", func(t *tx) error {
			if _, err := t.row("PRAGMA freelist_count", nil, &free); err != nil || free == 0 {
				return err
			}
			return t.exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", clearPages))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clear clears a piece of the first deleted session, and reports whether there
// was one.
func (t *tx) clear() (bool, error) {
	var session int64
	found, err := t.row("SELECT number FROM session WHERE id IS NULL LIMIT 1", nil, &session)
	if err != nil || !found {
		return false, err
	}
	for _, query := range []string{
		"DELETE FROM item WHERE session = ?1 AND seq IN (SELECT seq FROM item WHERE session = ?1 ORDER BY seq LIMIT ?2)",
		"DELETE FROM batch WHERE session = ?1 AND number IN (SELECT number FROM batch WHERE session = ?1 ORDER BY number LIMIT ?2)",
		"DELETE FROM journal WHERE session = ?1 AND number IN (SELECT number FROM journal WHERE session = ?1 ORDER BY number LIMIT ?2)",
	} {
		if n, err := t.change(query, session, clearRows); err != nil || n > 0 {
			return true, err
		}
	}
	return true, t.exec("DELETE FROM session WHERE number = ?", session)
}
