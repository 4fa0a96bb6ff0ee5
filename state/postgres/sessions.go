package postgres

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state/driver"
)

// sessionPage is how many headers of a listing are in memory at a time.
const sessionPage = 100

// storable reports whether the database can hold a text.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func readOp(session string) string { return fmt.Sprintf("read session %q", session) }

// Header returns a session's header.
func (b *db) Header(ctx context.Context, id string) (driver.Header, error) {
	found, err := query(ctx, b, readOp(id), pgx.RowToStructByPos[driver.Header], `SELECT id, updated, document FROM gondola.sessions WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return driver.Header{}, err
	}
	return found[0], nil
}

// Headers lists headers, most recently updated first. What it lists is settled
// when it begins, so that a session updated meanwhile neither comes twice nor
// is left out.
func (b *db) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		const op = "list sessions"
		all, err := query(ctx, b, op, pgx.RowTo[int64], `SELECT num FROM gondola.sessions ORDER BY updated DESC, id`)
		for page := range slices.Chunk(all, sessionPage) {
			if err != nil {
				break
			}
			var headers []driver.Header
			headers, err = query(ctx, b, op, pgx.RowToStructByPos[driver.Header], `SELECT s.id, s.updated, s.document
				FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (num, place) JOIN gondola.sessions s USING (num)
				ORDER BY place`, page)
			for _, h := range headers {
				if !yield(h, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(driver.Header{}, err)
		}
	}
}

// Delete removes a session with its items and batches. It returns a
// *state.LockedError if another backend holds the session.
func (b *db) Delete(ctx context.Context, id string) error {
	if err := b.exists(ctx, id); err != nil {
		return err
	}
	if b.keeper.Token(id) == "" {
		lock, err := b.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	attempts := 0
	bounds := limits{attempt: 10 * time.Minute, patience: b.patience} // a million items take their time
	return b.doWithin(ctx, bounds, fmt.Sprintf("delete session %q", id), func(ctx context.Context) error {
		attempts++
		deleted := int64(0)
		err := b.transactHeld(ctx, id, func(ctx context.Context, t *tx) error {
			t.exec(`DELETE FROM gondola.sessions WHERE id = $1`, id).Exec(rowsInto(&deleted))
			return nil
		})
		if err == nil && deleted == 0 && attempts == 1 {
			return driver.ErrNotFound
		}
		return err
	})
}
