package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/lease"
)

// change runs a transaction on behalf of a session: it fails if this store had
// the session's lease and another one has taken it.
func (s *Store) change(ctx context.Context, op, session string, how How, do func(Tx) error) error {
	if err := s.Check(ctx, session); err != nil {
		return err
	}
	token := s.Token(session)
	return s.Change(ctx, op, how, func(tx Tx) error {
		if token != "" {
			verify(tx, session, token)
		}
		return do(tx)
	})
}

// verify checks that the lease with this token is still there, and keeps others
// from taking it before the transaction ends.
func verify(tx Tx, session, token string) {
	tx.Query("SELECT token FROM gondola.leases WHERE session = $1 AND token = $2 FOR SHARE", []any{session, token}, func(rows Rows) error {
		if !rows.Next() && rows.Err() == nil {
			return lease.Lost(session)
		}
		return rows.Err()
	})
}

// known checks that a session is stored, and locks its row so.
func known(tx Tx, session, lock string) {
	tx.Query("SELECT num FROM gondola.sessions WHERE id = $1"+lock, []any{session}, func(rows Rows) error {
		if !rows.Next() && rows.Err() == nil {
			return driver.ErrNotFound
		}
		return rows.Err()
	})
}

// Update runs one transaction on a session, of two or three round trips.
func (s *Store) Update(ctx context.Context, session string, do func(driver.Tx) error) error {
	return s.change(ctx, fmt.Sprintf("store session %q", session), session, How{}, func(tx Tx) error {
		return do(&update{Tx: tx, session: session})
	})
}

// update is a transaction on a session.
type update struct {
	Tx
	session string
	known   bool // is the session, since rows have been looked up
}

// Lookup reads and locks rows, in one round trip. Only new items need a number,
// and with it the session's row to themselves; changes of others go side by side.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	lock := ""
	if refs.Adding {
		lock = " FOR NO KEY UPDATE"
	}
	known(u, u.session, lock)
	u.find(&found.Rows, "identity = wanted.value", refs.Keys)
	u.find(&found.Rows, "seq = wanted.value::bigint AND identity IS NULL", decimals(refs.Seqs))
	u.find(&found.Rows, "name = wanted.value", refs.Names)
	if refs.Adding {
		u.Query("SELECT coalesce(max(seq), 0) FROM gondola.items WHERE session = "+num, []any{u.session}, func(rows Rows) error {
			if !rows.Next() {
				return rows.Err()
			}
			return rows.Scan(&found.Last)
		})
	}
	err = u.Send()
	u.known = err == nil
	slices.SortFunc(found.Rows, func(a, b driver.Row) int { return int(a.Seq - b.Seq) })
	found.Rows = slices.CompactFunc(found.Rows, func(a, b driver.Row) bool { return a.Seq == b.Seq })
	return found, err
}

// find looks at the row that a condition picks for each value.
func (u *update) find(found *[]driver.Row, condition string, values []string) {
	if len(values) == 0 {
		return
	}
	u.Each(`SELECT seq, coalesce(identity, ''), name, coalesce(awaits, ''), outcome, captured, size, carried FROM gondola.items
		WHERE session = `+num+` AND `+condition+` LIMIT 1 FOR UPDATE`, u.session, values, func(rows Rows) error {
		for rows.Next() {
			var r driver.Row
			if err := rows.Scan(&r.Seq, &r.Key, &r.Name, &r.Next, &r.Outcome, &r.Captured, &r.Size, &r.Carried); err != nil {
				return err
			}
			*found = append(*found, r)
		}
		return rows.Err()
	})
}

func decimals(numbers []int64) (all []string) {
	for _, n := range numbers {
		all = append(all, strconv.FormatInt(n, 10))
	}
	return all
}

// Write stores a header, batches and items.
func (u *update) Write(w driver.Write) error {
	switch h := w.Header; {
	case h != nil:
		u.Exec(`INSERT INTO gondola.sessions (id, updated, document) VALUES ($1, $2::timestamptz, $3::json)
			ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, document = excluded.document`, h.ID, stamp(h.Updated), string(h.Document))
	case !u.known:
		known(u, u.session, "")
	}
	for _, b := range w.Batches {
		u.putBatch(b)
	}
	u.PutItems(u.session, w.Items)
	return u.Send()
}

func (u *update) putBatch(b driver.Batch) {
	if b.Document == nil {
		u.Exec(`DELETE FROM gondola.batches WHERE session = `+num+` AND "index" = $2`, u.session, b.Index)
		return
	}
	u.Exec(`INSERT INTO gondola.batches AS stored (session, "index", document) VALUES (`+num+`, $2, $3::json)
		ON CONFLICT (session, "index") DO UPDATE SET document = excluded.document
		WHERE stored.document::text <> excluded.document::text`, u.session, b.Index, string(b.Document))
}
