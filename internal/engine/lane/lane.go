package lane

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

const (
	// idleTime is how long the lease is kept without a write.
	idleTime = 2 * time.Second
	// turnTime is how long the lease is kept although another process asks for it.
	turnTime = 5 * time.Second
	// wayTime is how long a process that gave the lease up for another one waits
	// for that one to take it.
	wayTime = 2 * time.Second
)

// Store is what a Lane needs of the store, for one account.
type Store interface {
	// LockAccount takes the account, or returns a *state.LockedError.
	LockAccount(ctx context.Context) (state.Unlocker, error)
	Recall(ctx context.Context, key string) (*state.LedgerEntry, error)
	Record(entries ...state.LedgerEntry) error
}

// Options are the parts of a Lane; all but Pace are required.
type Options struct {
	Store   Store
	Name    string       // of the destination, for waits and errors
	Pace    station.Pace // of the account; the zero Pace sets no limit
	Waiting func(fault.Wait)
}

// Lane is one run's way to write to its account. Make it with New. Its methods are
// safe for concurrent use.
type Lane struct {
	o     Options
	token string // distinguishes this lane from all others

	turn   chan struct{} // full while what follows is in use
	lease  state.Unlocker
	since  time.Time // when the lease was taken
	asked  string    // the latest request that was seen
	pins   int       // uses of the lease by Hold
	used   time.Time // when the last write, or use, ended
	idle   *time.Timer
	window window

	writing bool // the ledger says that a write is under way
	closed  bool
}

// New returns a Lane, which holds nothing yet.
func New(o Options) *Lane {
	return &Lane{o: o, token: rand.Text(), turn: make(chan struct{}, 1), window: window{pace: o.Pace}}
}

// Enter returns when a write may be sent. leave must be called when it has ended.
func (l *Lane) Enter(ctx context.Context) (leave func(), err error) {
	if err := l.begin(ctx); err != nil {
		return nil, err
	}
	if err := l.ready(ctx); err != nil {
		l.end()
		return nil, err
	}
	return l.leave, nil
}

// leave ends the write that Enter began. What cannot be stored then is stored with
// the next write, or else assumed for the worse by the next holder.
func (l *Lane) leave() {
	l.window.add(time.Now())
	_ = l.save(false)
	l.end()
}

// Hold keeps other processes from writing until release is called. Writes of this
// one still go through Enter.
func (l *Lane) Hold(ctx context.Context) (release func(), err error) {
	if err := l.begin(ctx); err != nil {
		return nil, err
	}
	defer l.end()
	if err := l.hold(ctx); err != nil {
		return nil, err
	}
	l.pins++
	return func() {
		l.turn <- struct{}{}
		l.pins--
		l.end()
	}, nil
}

// Close gives the lease back. No write may be under way.
func (l *Lane) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.closed = true
	if l.idle != nil {
		l.idle.Stop()
	}
	return l.giveBack()
}

// begin takes the turn within this process.
func (l *Lane) begin(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end gives the turn on, and the lease back when nothing uses it for a while.
func (l *Lane) end() {
	l.used = time.Now()
	switch {
	case l.lease == nil || l.closed:
	case l.idle == nil:
		l.idle = time.AfterFunc(idleTime, l.rest)
	default:
		l.idle.Reset(idleTime)
	}
	<-l.turn
}

// rest gives the lease back if it is not in use.
func (l *Lane) rest() {
	select {
	case l.turn <- struct{}{}:
	default:
		return // it is in use, and end will follow
	}
	defer func() { <-l.turn }()
	if l.pins == 0 && time.Since(l.used) >= idleTime {
		_ = l.giveBack()
	}
}

// ready returns when the lease is held, the window has room, and the ledger says
// that a write is under way.
func (l *Lane) ready(ctx context.Context) error {
	for {
		if err := l.hold(ctx); err != nil {
			return err
		}
		d := l.window.wait(time.Now())
		if d <= 0 {
			return l.save(true)
		}
		if d > time.Second {
			l.o.Waiting(fault.Wait{Reason: l.o.Name + " takes a limited number of writes", Until: time.Now().Add(d).UTC()})
		}
		if err := retry.Sleep(ctx, d); err != nil {
			return err
		}
	}
}

// hold makes sure that the lease is held, after another process has had it if one
// asks for it.
func (l *Lane) hold(ctx context.Context) error {
	if l.lease == nil {
		return l.acquire(ctx)
	}
	ours, err := l.isOurs(ctx)
	if err != nil {
		return err
	}
	if !ours { // taken over while this process did not run, or not reach the store
		lease := l.lease
		l.lease = nil
		_ = lease.Unlock()
		return l.acquire(ctx)
	}
	if l.pins > 0 || time.Since(l.since) < turnTime {
		return nil
	}
	if asked, err := l.isAsked(ctx); err != nil || !asked {
		return err
	}
	if err := l.giveBack(); err != nil {
		return err
	}
	if err := l.makeWay(ctx); err != nil {
		return err
	}
	return l.acquire(ctx)
}

// isOurs reports whether no other process has taken the account over.
func (l *Lane) isOurs(ctx context.Context) (bool, error) {
	r, err := l.recall(ctx)
	return err == nil && r != nil && r.Holder == l.token, err
}

// isAsked reports whether another process has asked for the lease since that was
// looked for last.
func (l *Lane) isAsked(ctx context.Context) (bool, error) {
	e, err := l.o.Store.Recall(ctx, state.RequestKey)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	request := e.DestinationID + e.At.UTC().String()
	if e.DestinationID == l.token || request == l.asked {
		return false, nil
	}
	l.asked = request
	return true, nil
}

// ask leaves a request for the lease.
func (l *Lane) ask() error {
	return l.o.Store.Record(state.LedgerEntry{Key: state.RequestKey, DestinationID: l.token, At: time.Now().UTC()})
}

// makeWay waits until another process has taken the lease that was given up for
// it, or does not seem to want it any more.
func (l *Lane) makeWay(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < wayTime; {
		if ours, err := l.isOurs(ctx); err != nil || !ours {
			return err
		}
		if err := retry.Sleep(ctx, leastPoll); err != nil {
			return err
		}
	}
	return nil
}

// taken makes the most of a lease just taken: it continues the window of the
// process that held it before.
func (l *Lane) taken(ctx context.Context, lease state.Unlocker) error {
	r, err := l.recall(ctx)
	if err == nil {
		_, err = l.isAsked(ctx) // what was asked for before is no request to this holder
	}
	if err == nil && (r == nil || r.Holder != l.token) {
		l.window.adopt(r, time.Now())
		err = l.save(false)
	}
	if err != nil {
		return errors.Join(err, lease.Unlock())
	}
	l.lease, l.since = lease, time.Now()
	return nil
}

// giveBack gives the lease back, if it is held, and stores when the writes were.
func (l *Lane) giveBack() error {
	if l.lease == nil {
		return nil
	}
	lease := l.lease
	l.lease = nil
	var err error
	if l.writing {
		err = l.save(false)
	}
	return errors.Join(err, lease.Unlock())
}

// heldTooLong is the fault of a lease that one process has held for mostWait.
func (l *Lane) heldTooLong(by *state.LockedError) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "write to the account of " + l.o.Name,
		Err:  fmt.Errorf("process %d on %s has been writing to it since %s", by.PID, by.Host, by.Since.UTC().Format(time.RFC3339)),
		Hint: "wait until that process has ended, or end it, then run the same command again",
	}
}
