package gopro

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
)

// recess is the time for which a service has asked not to be asked: each
// request after that waits for its end. The zero recess is over. It is safe for
// concurrent use.
type recess struct {
	mu    sync.Mutex // guards what follows
	until time.Time
	why   error
}

// note makes a recess of a failure that asks for one.
func (r *recess) note(err error) {
	after := fault.RetryAfterOf(err)
	if after <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if until := time.Now().Add(after); until.After(r.until) {
		r.until, r.why = until, err
	}
}

func (r *recess) left() (time.Duration, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.until), r.why
}

// wait returns when the recess is over. One that is longer than most is not
// waited for: its failure is returned, with the wait that is left.
func (r *recess) wait(ctx context.Context, most time.Duration, onWait func(fault.Wait)) error {
	for {
		left, why := r.left()
		switch {
		case left <= 0:
			return nil
		case left > most:
			return withRetryAfter(why, left)
		case left > time.Second:
			onWait(fault.Wait{Reason: why.Error(), Until: time.Now().Add(left).UTC()})
		}
		if err := retry.Sleep(ctx, left); err != nil {
			return err
		}
	}
}

func withRetryAfter(err error, after time.Duration) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	again := *f
	again.RetryAfter = after
	return &again
}
