package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// DefaultTTL is how long a lease holds without being renewed.
const DefaultTTL = time.Minute

// Table is where leases are kept, one for each session. Errors are the store's.
type Table interface {
	// Leases returns the lease of a session, or those of all sessions if session is
	// "", and if there are any the time by the store's clock.
	Leases(ctx context.Context, session string) ([]Holder, time.Time, error)
	// Swap puts a lease of h, which runs out ttl from now by the store's clock, in the
	// place of that of held, in one atomic step, if the stored one has the Token and
	// Until of held; a Holder without Token has none. Swap returns whether h has the
	// session then.
	Swap(ctx context.Context, held, h Holder, ttl time.Duration) (bool, error)
	// Release removes the lease of h, if it is there, by its Token. It makes one
	// attempt: a process that ends does not wait for its store.
	Release(ctx context.Context, h Holder) error
}

// Keeper takes and renews the leases of one backend. It is safe for concurrent
// use.
type Keeper struct {
	table Table
	ttl   time.Duration

	mu     sync.Mutex
	held   map[string]*lease // by session
	unsure map[string]Holder // by session: whether it was taken is not known
	closed bool
}

// NewKeeper returns a keeper of leases in a table. A ttl of 0 is [DefaultTTL].
func NewKeeper(t Table, ttl time.Duration) *Keeper {
	return &Keeper{table: t, ttl: cmp.Or(ttl, DefaultTTL), held: map[string]*lease{}, unsure: map[string]Holder{}}
}

// lease is one that this process has taken.
type lease struct {
	k        *Keeper
	holder   Holder
	renewing context.Context // ends with stop
	stop     context.CancelFunc

	mu    sync.Mutex  // guards what follows; held while the table is asked
	timer *time.Timer // of the next renewal
	until time.Time   // by this process's clock, on the safe side
	lost  bool
}

// Lock takes a session for this process and renews its lease until it is
// unlocked or the keeper is closed. It returns a [*state.LockedError] if another
// process, or another user of this keeper, holds it.
func (k *Keeper) Lock(ctx context.Context, session string) (state.Unlocker, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, state.ErrClosed
	}
	if l := k.held[session]; l != nil && !l.isLost() {
		return nil, l.holder.Locked()
	}
	l, err := k.take(ctx, session)
	if err != nil {
		return nil, err
	}
	k.held[session] = l
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewing, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.timer = time.AfterFunc(k.ttl/3, l.keepUp)
	return l, nil
}

// tries bounds how often a lease is read again that others change meanwhile.
const tries = 10

// take takes the lease if it is free, has run out, is one that an earlier call may
// have taken without getting an answer, or is that of a process of this machine that
// has died. One that ends later than any that is set now was set by a clock that was
// wrong: it is cut. Call with mu held.
func (k *Keeper) take(ctx context.Context, session string) (*lease, error) {
	mine, again := k.unsure[session]
	if !again {
		mine = thisProcess(session, time.Now())
	}
	var held Holder
	for range tries {
		var now time.Time
		var err error
		if held, now, err = k.read(ctx, session); err != nil {
			return nil, err
		}
		h, ttl := mine, k.ttl
		if held.Token != mine.Token && held.Holds(now) {
			h, ttl = held, max(ttl, DefaultTTL)
			if !held.Until.After(now.Add(ttl)) {
				break
			}
		}
		began := time.Now()
		done, err := k.table.Swap(ctx, held, h, ttl)
		if err != nil {
			k.unsure[session] = mine
			return nil, err
		}
		if done && h.Token == mine.Token {
			delete(k.unsure, session)
			return &lease{k: k, holder: mine, until: began.Add(ttl)}, nil
		}
	}
	delete(k.unsure, session)
	return nil, held.Locked()
}

// read returns the lease of a session, and when it was read.
func (k *Keeper) read(ctx context.Context, session string) (Holder, time.Time, error) {
	all, now, err := k.table.Leases(ctx, session)
	if err != nil || len(all) == 0 {
		return Holder{Session: session}, now, err
	}
	return all[0], now, nil
}

// Holders iterates the holders of all leases; held reports whether one has its
// session now: otherwise it has died, or could not renew its lease. It changes
// nothing, and ends early if the table cannot be read.
func (k *Keeper) Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(who *state.LockedError, held bool) bool) {
		all, now, _ := k.table.Leases(ctx, "")
		for _, h := range all {
			if !yield(h.Locked(), h.Holds(now)) {
				return
			}
		}
	}
}

// Token returns the token by which this keeper holds a session, or "" if it
// does not hold it.
func (k *Keeper) Token(session string) string {
	if l := k.lease(session); l != nil {
		return l.holder.Token
	}
	return ""
}

// Check returns nil if the session may be changed as far as its lease goes: this
// keeper holds it, or never took it. A lease that ran out meanwhile is renewed
// first. If another process has taken over, Check returns a [fault.Error] of
// class Session.
func (k *Keeper) Check(ctx context.Context, session string) error {
	l := k.lease(session)
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lost && l.valid(time.Now()) {
		return nil
	}
	if err := l.renew(ctx); err != nil {
		return err
	}
	if l.lost {
		return Lost(session)
	}
	return nil
}

// valid reports whether the lease has not run out by this process's clocks: the
// monotonic one does not notice that the machine slept, the other may be set.
func (l *lease) valid(now time.Time) bool {
	return now.Before(l.until) && now.Round(0).Before(l.until.Round(0))
}

// Lost is the fault of a change to a session that another process has taken
// over.
func Lost(session string) error {
	return driver.Fault(fmt.Sprintf("change session %q", session), errors.New("another process has taken it over, since this one did not reach the store for too long"),
		"let the other one finish, or run the same command again after it")
}

func (k *Keeper) lease(session string) *lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held[session]
}

// Close gives all leases back. Lock fails afterwards.
func (k *Keeper) Close(ctx context.Context) error {
	k.mu.Lock()
	k.closed = true
	held := k.held
	k.held = map[string]*lease{}
	k.mu.Unlock()
	var errs []error
	for _, l := range held {
		errs = append(errs, l.end(ctx))
	}
	return errors.Join(errs...)
}

// keepUp renews the lease when a third of its life has passed, and so on. A store that
// cannot be reached is tried again: no other process has taken over, as far as is known.
func (l *lease) keepUp() {
	third := l.k.ttl / 3
	ctx, cancel := context.WithTimeout(l.renewing, third)
	defer cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewing.Err() != nil {
		return
	}
	if _ = l.renew(ctx); !l.lost {
		l.timer.Reset(third)
	}
}

// renew extends the lease. Call with mu held.
func (l *lease) renew(ctx context.Context) error {
	if l.lost {
		return nil
	}
	began := time.Now()
	held, _, err := l.k.read(ctx, l.holder.Session)
	ours := err == nil && held.Token == l.holder.Token
	if ours {
		ours, err = l.k.table.Swap(ctx, held, l.holder, l.k.ttl)
	}
	if err != nil {
		return err
	}
	l.lost = !ours
	l.until = began.Add(l.k.ttl)
	return nil
}

func (l *lease) isLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// releaseTime bounds how long giving a lease back may take; it runs out anyway.
const releaseTime = 5 * time.Second

// Unlock gives the session free. Unlocking twice is no error.
func (l *lease) Unlock() error {
	l.k.mu.Lock()
	mine := l.k.held[l.holder.Session] == l
	if mine {
		delete(l.k.held, l.holder.Session)
	}
	l.k.mu.Unlock()
	if !mine {
		return nil
	}
	return l.end(context.Background())
}

// end stops the renewing and gives the lease back. That is tried twice, since the
// first connection may be one that has died unnoticed.
func (l *lease) end(ctx context.Context) error {
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	err := l.k.table.Release(ctx, l.holder)
	if err != nil && ctx.Err() == nil {
		err = l.k.table.Release(ctx, l.holder)
	}
	return err
}
