package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// DefaultTTL is how long a lease holds without being renewed.
const DefaultTTL = time.Minute

// Table is where leases are kept, one for each session. Every method is one
// atomic step by the store's clock. Errors are the store's.
type Table interface {
	// Take makes h the holder of a session for ttl, if nobody holds it, the
	// holder's lease has run out, or the holder's token is instead (which is
	// not empty then). It returns who holds the session now: h, or the other.
	// A lease beyond [Latest] it cuts to that.
	Take(ctx context.Context, session string, h Holder, ttl time.Duration, instead string) (Holder, error)
	// Renew extends the lease of the holder with this token by ttl from now,
	// even if it has run out, unless somebody else has taken it: then it
	// returns false.
	Renew(ctx context.Context, session, token string, ttl time.Duration) (bool, error)
	// Release ends the lease of the holder with this token; if there is no
	// such holder, nothing happens.
	Release(ctx context.Context, session, token string) error
}

// Keeper takes and renews the leases of one backend. It is safe for concurrent
// use.
type Keeper struct {
	table Table
	ttl   time.Duration

	mu     sync.Mutex
	held   map[string]*lease // by session
	closed bool
}

// NewKeeper returns a keeper of leases in a table. A ttl of 0 is [DefaultTTL].
func NewKeeper(t Table, ttl time.Duration) *Keeper {
	return &Keeper{table: t, ttl: cmp.Or(ttl, DefaultTTL), held: map[string]*lease{}}
}

// lease is one that this process has taken.
type lease struct {
	k       *Keeper
	session string
	holder  Holder
	stop    context.CancelFunc // ends the renewing
	done    chan struct{}      // closed when the renewing has ended

	mu    sync.Mutex // guards what follows; held while the table is asked
	until time.Time  // by this process's clock, on the safe side
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
		return nil, l.holder.Locked(session)
	}
	l, err := k.take(ctx, session)
	if err != nil {
		return nil, err
	}
	k.held[session] = l
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keepUp(renewing)
	return l, nil
}

// take takes the lease, also from a process of this machine that has died.
func (k *Keeper) take(ctx context.Context, session string) (*lease, error) {
	began := time.Now()
	mine := thisProcess(began)
	now, err := k.table.Take(ctx, session, mine, k.ttl, "")
	if err == nil && now.Token != mine.Token && now.deadHere() {
		began = time.Now()
		now, err = k.table.Take(ctx, session, mine, k.ttl, now.Token)
	}
	if err != nil {
		return nil, err
	}
	if now.Token != mine.Token {
		return nil, now.Locked(session)
	}
	return &lease{k: k, session: session, holder: mine, done: make(chan struct{}), until: began.Add(k.ttl)}, nil
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
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op:   fmt.Sprintf("change session %q", session),
		Err:  errors.New("another process has taken it over, since this one did not reach the store for too long"),
		Hint: "let the other one finish, or run the same command again after it",
	}
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

// keepUp renews the lease three times in its life. A store that cannot be
// reached is tried again: nobody has taken over for all we know.
func (l *lease) keepUp(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(l.k.ttl / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		_ = l.renew(ctx)
		lost := l.lost
		l.mu.Unlock()
		if lost {
			return
		}
	}
}

// renew extends the lease. Call with mu held.
func (l *lease) renew(ctx context.Context) error {
	if l.lost {
		return nil
	}
	began := time.Now()
	ours, err := l.k.table.Renew(ctx, l.session, l.holder.Token, l.k.ttl)
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
	mine := l.k.held[l.session] == l
	if mine {
		delete(l.k.held, l.session)
	}
	l.k.mu.Unlock()
	if !mine {
		return nil
	}
	return l.end(context.Background())
}

// end stops the renewing and gives the lease back.
func (l *lease) end(ctx context.Context) error {
	l.stop()
	<-l.done
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	return l.k.table.Release(ctx, l.session, l.holder.Token)
}
