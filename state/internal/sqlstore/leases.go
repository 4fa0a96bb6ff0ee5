package sqlstore

import (
	"context"
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

// Holders tells for each session that is held, or whose holder died, who that is;
// held says whether it is held now. It changes nothing, and ends early if the
// database cannot be asked.
func (s *Store) Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(who *state.LockedError, held bool) bool) {
		all, _ := collect(ctx, s, "list the leases", "SELECT session, now() + $1::interval, "+holderColumns+" FROM gondola.leases ORDER BY session",
			[]any{s.db.Later(0)}, func(rows Rows) (h holding, err error) {
				err = scanHolder(rows, &h.Holder, &h.session, &h.now)
				return h, err
			})
		for _, h := range all {
			if !yield(h.Locked(h.session), h.Holds(h.now.Time)) {
				return
			}
		}
	}
}

// holding is a row of the table of leases, and when it was read.
type holding struct {
	session string
	now     moment
	lease.Holder
}

const holderColumns = "token, host, pid, machine, since, until"

// scanHolder reads the holder's columns, after those of before.
func scanHolder(rows Rows, h *lease.Holder, before ...any) error {
	var since, until moment
	err := rows.Scan(append(before, &h.Token, &h.Host, &h.PID, &h.Machine, &since, &until)...)
	h.Since, h.Until = since.Time, until.Time
	return err
}

// leases is the table of leases.
type leases struct{ s *Store }

// Take makes h the holder of a session unless it has another one. Repeated after
// an answer that was lost, it knows its own taking by the token.
func (l leases) Take(ctx context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (holder lease.Holder, err error) {
	later := l.s.db.Later
	err = l.s.db.Change(ctx, fmt.Sprintf("lock session %q", session), How{}, func(tx Tx) error {
		tx.Exec("UPDATE gondola.leases SET until = now() + $2::interval WHERE session = $1 AND until > now() + $2::interval",
			session, later(max(ttl, lease.DefaultTTL))) // set by a clock that was wrong
		tx.Exec(`INSERT INTO gondola.leases AS l (session, `+holderColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6::timestamptz, now() + $7::interval)
			ON CONFLICT (session) DO UPDATE SET token = excluded.token, host = excluded.host, pid = excluded.pid,
				machine = excluded.machine, since = excluded.since, until = excluded.until
			WHERE l.until <= now() + $8::interval OR l.token = $9`,
			session, h.Token, h.Host, int64(h.PID), h.Machine, stamp(h.Since), later(ttl), later(0), instead)
		tx.Query("SELECT "+holderColumns+" FROM gondola.leases WHERE session = $1", []any{session}, func(rows Rows) error {
			if !rows.Next() {
				return rows.Err()
			}
			return scanHolder(rows, &holder)
		})
		return tx.Send()
	})
	return holder, err
}

// Renew extends the lease of the holder with this token. It is tried once: the
// caller has a plan for failures.
func (l leases) Renew(ctx context.Context, session, token string, ttl time.Duration) (ours bool, err error) {
	err = l.s.db.Change(ctx, fmt.Sprintf("keep the lock of session %q", session), How{Once: true}, func(tx Tx) error {
		tx.Exec("UPDATE gondola.leases SET until = now() + $3::interval WHERE session = $1 AND token = $2", session, token, l.s.db.Later(ttl))
		tx.Query("SELECT token FROM gondola.leases WHERE session = $1 AND token = $2", []any{session, token}, func(rows Rows) error {
			ours = rows.Next()
			return rows.Err()
		})
		return tx.Send()
	})
	return ours, err
}

// Release ends the lease of the holder with this token. It is tried twice, since
// the first connection may be one that has died unnoticed, and not longer: a lease
// that is not given back runs out.
func (l leases) Release(ctx context.Context, session, token string) error {
	release := func() error {
		return l.s.db.Change(ctx, fmt.Sprintf("unlock session %q", session), How{Once: true}, func(tx Tx) error {
			tx.Exec("DELETE FROM gondola.leases WHERE session = $1 AND token = $2", session, token)
			return nil
		})
	}
	err := release()
	if err != nil && ctx.Err() == nil {
		err = release()
	}
	return err
}
