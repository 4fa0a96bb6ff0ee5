package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state/lease"
)

// leases is the table of leases.
type leases struct{ s *Store }

// Leases returns the lease of a session, or those of all sessions.
func (l leases) Leases(ctx context.Context, session string) (all []lease.Holder, now time.Time, err error) {
	sql, args := "SELECT now() + $1::interval, session, token, host, pid, machine, since, until FROM gondola.leases", []any{l.s.db.Later(0)}
	if session != "" {
		sql, args = sql+" WHERE session = $2", append(args, session)
	}
	all, err = collect(ctx, l.s, "read the leases", sql+" ORDER BY session", args, func(rows Rows) (h lease.Holder, err error) {
		var at, since, until moment
		err = rows.Scan(&at, &h.Session, &h.Token, &h.Host, &h.PID, &h.Machine, &since, &until)
		now, h.Since, h.Until = at.Time, since.Time, until.Time
		return h, err
	})
	return all, now, err
}

// Swap puts a lease of h in the place of that of held. Repeated after an answer that
// was lost, it finds its own taking by the token.
func (l leases) Swap(ctx context.Context, held, h lease.Holder, ttl time.Duration) (done bool, err error) {
	as := []any{held.Session, held.Token, stamp(held.Until)}
	values := []any{h.Token, h.Host, int64(h.PID), h.Machine, stamp(h.Since), l.s.db.Later(ttl)}
	err = l.s.Change(ctx, fmt.Sprintf("change the lease of session %q", held.Session), How{}, func(tx Tx) error {
		if held.Token == "" {
			tx.Exec(`INSERT INTO gondola.leases (session, token, host, pid, machine, since, until)
				VALUES ($1, $2, $3, $4, $5, $6::timestamptz, now() + $7::interval) ON CONFLICT (session) DO NOTHING`,
				append(as[:1:1], values...)...)
		} else {
			tx.Exec(`UPDATE gondola.leases SET token = $4, host = $5, pid = $6, machine = $7, since = $8::timestamptz, until = now() + $9::interval
				WHERE session = $1 AND token = $2 AND until = $3::timestamptz`, append(as, values...)...)
		}
		tx.Query("SELECT token FROM gondola.leases WHERE session = $1 AND token = $2", []any{held.Session, h.Token}, func(rows Rows) error {
			done = rows.Next()
			return rows.Err()
		})
		return tx.Send()
	})
	return done, err
}

// Release removes the lease of h.
func (l leases) Release(ctx context.Context, h lease.Holder) error {
	return l.s.Change(ctx, fmt.Sprintf("unlock session %q", h.Session), How{Once: true}, func(tx Tx) error {
		tx.Exec("DELETE FROM gondola.leases WHERE session = $1 AND token = $2", h.Session, h.Token)
		return tx.Send()
	})
}
