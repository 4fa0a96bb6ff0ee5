package sqlite

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// Lock takes a session, stored or not, for this process. The lease of a process
// of this machine that has died is taken over at once, another one when it has
// run out.
func (b *db) Lock(ctx context.Context, id string) (state.Unlocker, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	u, err := b.keeper.Lock(ctx, id)
	if errors.Is(err, state.ErrClosed) {
		err = errClosed()
	}
	return u, err
}

// ready returns an error if the backend or ctx has ended.
func (b *db) ready(ctx context.Context) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.usable(ctx)
}

// holders is [Backend.Holders].
func (b *db) holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(who *state.LockedError, held bool) bool) {
		type entry struct {
			session string
			lease.Holder
		}
		var all []entry
		err := b.read(ctx, "list locks in", "SELECT session, "+holderColumns+" FROM lease ORDER BY session", nil, func(r row) error {
			all = append(all, entry{})
			e := &all[len(all)-1]
			return scanHolder(r, &e.Holder, &e.session)
		})
		if err != nil {
			return
		}
		for _, e := range all {
			if !yield(e.Locked(e.session), e.Holds(time.Now())) {
				return
			}
		}
	}
}

// table keeps the leases. Its clock is the machine's: the processes that use the
// file run on one.
type table struct{ b *db }

const holderColumns = "token, host, pid, machine, since, until"

// scanHolder reads the holder's columns, after those of before.
func scanHolder(r row, h *lease.Holder, before ...any) error {
	var since, until string
	err := r.Scan(append(before, &h.Token, &h.Host, &h.PID, &h.Machine, &since, &until)...)
	if err == nil {
		h.Since, err = time.Parse(time.RFC3339Nano, since)
	}
	if err == nil {
		h.Until, err = time.Parse(time.RFC3339Nano, until)
	}
	return err
}

// Take makes h the holder of a session unless somebody else is.
func (l table) Take(ctx context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (holder lease.Holder, err error) {
	err = l.b.write(ctx, on("lock", session), func(t *tx) error {
		now := time.Now().UTC()
		latest := lease.Latest(now, ttl)
		if err := t.exec("UPDATE lease SET until = ?1 WHERE session = ?2 AND until > ?1", stamp(latest), session); err != nil {
			return err
		}
		found, err := t.holder(session, &holder)
		if err != nil || found && now.Before(holder.Until) && (instead == "" || holder.Token != instead) {
			return err
		}
		holder = h
		holder.Until = now.Add(ttl)
		return t.exec("REPLACE INTO lease (session, "+holderColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
			session, h.Token, h.Host, h.PID, h.Machine, stamp(h.Since), stamp(holder.Until))
	})
	return holder, err
}

func (t *tx) holder(session string, h *lease.Holder) (found bool, err error) {
	err = t.each("SELECT "+holderColumns+" FROM lease WHERE session = ?", []any{session}, func(r row) error {
		found = true
		return scanHolder(r, h)
	})
	return found, err
}

// Renew extends the lease of the holder with this token.
func (l table) Renew(ctx context.Context, session, token string, ttl time.Duration) (ours bool, err error) {
	err = l.b.write(ctx, on("keep the lock of", session), func(t *tx) error {
		n, err := t.change("UPDATE lease SET until = ? WHERE session = ? AND token = ?", stamp(time.Now().Add(ttl)), session, token)
		ours = n > 0
		return err
	})
	return ours, err
}

// Release ends the lease of the holder with this token.
func (l table) Release(ctx context.Context, session, token string) error {
	return l.b.write(ctx, on("unlock", session), func(t *tx) error {
		return t.exec("DELETE FROM lease WHERE session = ? AND token = ?", session, token)
	})
}
