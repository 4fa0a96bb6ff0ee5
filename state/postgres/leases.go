package postgres

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// Lock takes the session for this process. It is a lease by the server's clock,
// renewed until Unlock or Close: see [lease.Keeper].
func (b *db) Lock(ctx context.Context, session string) (state.Unlocker, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	lock, err := b.keeper.Lock(ctx, session)
	switch {
	case err == nil:
		return lock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, b.fault(lockOp(session), err)
}

func lockOp(session string) string { return fmt.Sprintf("lock session %q", session) }

// leases is the table of leases.
type leases struct{ b *db }

// Take waits for a server that has gone away. Asked again after an answer that
// was lost, it knows its own taking by the token.
func (l leases) Take(ctx context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (lease.Holder, error) {
	var holder lease.Holder
	err := l.b.change(ctx, lockOp(session), func(ctx context.Context, t *tx) error {
		t.exec(`UPDATE gondola.leases SET until = now() + $2::interval WHERE session = $1 AND until > now() + $2::interval`,
			session, max(ttl, lease.DefaultTTL)) // set by a clock that was wrong
		t.exec(`INSERT INTO gondola.leases AS l (session, token, host, pid, machine, since, until)
			VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval)
			ON CONFLICT (session) DO UPDATE SET token = excluded.token, host = excluded.host, pid = excluded.pid,
				machine = excluded.machine, since = excluded.since, until = excluded.until
			WHERE l.until <= now() OR l.token = $8`,
			session, h.Token, h.Host, int64(h.PID), h.Machine, h.Since, ttl, instead)
		t.queue(`SELECT token, host, pid, machine, since, until FROM gondola.leases WHERE session = $1`, session).
			QueryRow(func(row pgx.Row) error {
				return row.Scan(&holder.Token, &holder.Host, &holder.PID, &holder.Machine, &holder.Since, &holder.Until)
			})
		return nil
	})
	holder.Since, holder.Until = holder.Since.UTC(), holder.Until.UTC()
	return holder, err
}

// Renew makes one attempt: the caller has a plan for failures.
func (l leases) Renew(ctx context.Context, session, token string, ttl time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.b.usual().attempt)
	defer cancel()
	var renewed int64
	err := l.b.transact(ctx, func(_ context.Context, t *tx) error {
		t.exec(`UPDATE gondola.leases SET until = now() + $3::interval WHERE session = $1 AND token = $2`, session, token, ttl).
			Exec(rowsInto(&renewed))
		return nil
	})
	return renewed > 0, err
}

// Release tries twice, since the first connection may be one that has died
// unnoticed, and not longer: a lease that is not given back runs out.
func (l leases) Release(ctx context.Context, session, token string) error {
	release := func() error {
		return l.b.transact(ctx, func(_ context.Context, t *tx) error {
			t.exec(`DELETE FROM gondola.leases WHERE session = $1 AND token = $2`, session, token)
			return nil
		})
	}
	err := release()
	if err != nil && transient(err) {
		err = release()
	}
	return l.b.fault(fmt.Sprintf("unlock session %q", session), err)
}

// holders is [Backend.Holders].
func (b *db) holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(*state.LockedError, bool) bool) {
		all, err := query(ctx, b, "list the leases", pgx.RowToStructByPos[holding], `SELECT session, now(), token, host, pid, machine, since, until
			FROM gondola.leases ORDER BY session`)
		if err != nil {
			return
		}
		for _, h := range all {
			h.Since, h.Until = h.Since.UTC(), h.Until.UTC()
			if !yield(h.Locked(h.Session), h.Holds(h.Now)) {
				return
			}
		}
	}
}

// holding is a row of the table of leases, and when it was read.
type holding struct {
	Session string
	Now     time.Time
	lease.Holder
}
