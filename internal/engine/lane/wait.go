package lane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
)

const (
	// A process looks for a lease that is taken every mostPoll, and the longer it
	// has waited the more often, down to leastPoll: so it comes before later ones.
	mostPoll   = 500 * time.Millisecond
	leastPoll  = 100 * time.Millisecond
	longWaited = 15 * time.Second // from here on it looks more often
	// askTime is how often a process that waits renews its request.
	askTime = 5 * time.Second
	// sayAfter is when a wait is published, and sayAgain how often.
	sayAfter = time.Second
	sayAgain = time.Minute
	// mostWait is how long one holder of the lease is waited for.
	mostWait = time.Hour
)

// acquire takes the lease, after the processes that hold it.
func (l *Lane) acquire(ctx context.Context) error {
	w := waiting{l: l, start: time.Now()}
	w.say = w.start.Add(sayAfter)
	for {
		lease, err := l.o.Store.LockAccount(ctx)
		if err == nil {
			return l.taken(ctx, lease)
		}
		held, ok := errors.AsType[*state.LockedError](err)
		if !ok {
			return err
		}
		if err := w.wait(ctx, held); err != nil {
			return err
		}
	}
}

// waiting is one wait for the lease.
type waiting struct {
	l     *Lane
	start time.Time
	by    state.LockedError // who held it at the last look
	began time.Time         // when that one was first seen
	ask   time.Time         // when to ask again
	say   time.Time         // when to publish the wait again
}

// wait waits until the next look.
func (w *waiting) wait(ctx context.Context, held *state.LockedError) error {
	now := time.Now()
	if held.PID != w.by.PID || held.Host != w.by.Host || !held.Since.Equal(w.by.Since) {
		w.by, w.began = *held, now
	}
	if now.Sub(w.began) >= mostWait {
		return w.l.heldTooLong(held)
	}
	if !now.Before(w.ask) {
		w.ask = now.Add(askTime)
		if err := w.l.ask(); err != nil {
			return err
		}
	}
	if !now.Before(w.say) {
		w.say = now.Add(sayAgain)
		w.l.o.Waiting(fault.Wait{
			Reason: fmt.Sprintf("process %d on %s writes to the same account of %s", held.PID, held.Host, w.l.o.Name),
			Until:  w.say.UTC(),
		})
	}
	return retry.Sleep(ctx, pollAfter(now.Sub(w.start)))
}

// pollAfter returns how long to wait for the next look after some time of waiting.
func pollAfter(waited time.Duration) time.Duration {
	d := time.Duration(float64(mostPoll) * float64(longWaited) / float64(max(waited, longWaited)))
	d = max(d, leastPoll)
	return d - rand.N(d/4) // so that processes do not look in step
}
