package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/lease"
)

// Lock takes a session, stored or not, for this process. It is a lease by the
// database's clock, renewed until it is unlocked: see [lease.Keeper].
func (s *Store) Lock(ctx context.Context, session string) (driver.Unlocker, error) {
	if err := s.db.Usable(ctx); err != nil {
		return nil, err
	}
	lock, err := s.keeper.Lock(ctx, session)
	if err == nil {
		return lock, nil
	}
	if ended := s.db.Usable(ctx); ended != nil {
		err = ended
	}
	return nil, err
}

// Holders iterates who holds which session; see [lease.Keeper.Holders].
func (s *Store) Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return s.keeper.Holders(ctx)
}

// leases is the table of leases.
type leases struct{ s *Store }

// Leases returns the lease of a session, or those of all sessions.
func (l leases) Leases(ctx context.Context, session string) ([]lease.Lease, error) {
	return collect(ctx, l.s, "read the leases", `SELECT session, now() + $1::interval, token, host, pid, machine, since, until
		FROM gondola.leases WHERE $2 IN ('', session) ORDER BY session`, []any{l.s.db.Later(0), session}, func(rows Rows) (v lease.Lease, err error) {
		var now, since, until moment
		err = rows.Scan(&v.Session, &now, &v.Token, &v.Host, &v.PID, &v.Machine, &since, &until)
		v.Now, v.Since, v.Until = now.Time, since.Time, until.Time
		return v, err
	})
}

// Swap puts a lease of h in the place of the one of held. Repeated after an answer
// that was lost, it finds its own taking by the token.
func (l leases) Swap(ctx context.Context, session string, held, h lease.Holder, ttl time.Duration) (done bool, err error) {
	err = l.s.db.Change(ctx, fmt.Sprintf("change the lease of session %q", session), How{}, func(tx Tx) error {
		later := l.s.db.Later(ttl)
		switch {
		case h.Token == "":
			tx.Exec("DELETE FROM gondola.leases WHERE session = $1 AND token = $2 AND until = $3::timestamptz", session, held.Token, stamp(held.Until))
		case held.Token == "":
			tx.Exec(`INSERT INTO gondola.leases (session, token, host, pid, machine, since, until)
				VALUES ($1, $2, $3, $4, $5, $6::timestamptz, now() + $7::interval) ON CONFLICT (session) DO NOTHING`,
				session, h.Token, h.Host, int64(h.PID), h.Machine, stamp(h.Since), later)
		default:
			tx.Exec(`UPDATE gondola.leases SET token = $2, host = $3, pid = $4, machine = $5, since = $6::timestamptz, until = now() + $7::interval
				WHERE session = $1 AND token = $8 AND until = $9::timestamptz`,
				session, h.Token, h.Host, int64(h.PID), h.Machine, stamp(h.Since), later, held.Token, stamp(held.Until))
		}
		tx.Query("SELECT token FROM gondola.leases WHERE session = $1", []any{session}, func(rows Rows) (err error) {
			token := ""
			if rows.Next() {
				token, err = scalar[string](rows)
			}
			done = token == h.Token
			return errors.Join(err, rows.Err())
		})
		return tx.Send()
	})
	return done, err
}
