package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gondola-sync/gondola/media"
)

// Policy bounds the repetition. The zero Policy is filled with defaults.
type Policy struct {
	Base     time.Duration // first wait; default 1 s
	Max      time.Duration // longest wait that backoff grows to; default 60 s
	Attempts int           // at most so many calls; default 6
	// Budget is the longest time from the first call to the start of the last;
	// default 15 min.
	Budget time.Duration
	// OnWait, if not nil, is told before every wait longer than a second.
	OnWait func(media.Wait)
}

func (p Policy) withDefaults() Policy {
	if p.Base <= 0 {
		p.Base = time.Second
	}
	if p.Max <= 0 {
		p.Max = time.Minute
	}
	if p.Attempts <= 0 {
		p.Attempts = 6
	}
	if p.Budget <= 0 {
		p.Budget = 15 * time.Minute
	}
	return p
}

// Do calls op until it returns nil, a failure that is not Transient, or the
// policy is exhausted; it returns op's last error, or the cause if ctx ends
// first. A fault's RetryAfter is the least wait after it.
func Do(ctx context.Context, p Policy, op func(context.Context) error) error {
	p = p.withDefaults()
	waits := &backoff.ExponentialBackOff{
		InitialInterval:     p.Base,
		RandomizationFactor: 0.3,
		Multiplier:          2,
		MaxInterval:         p.Max,
	}
	waits.Reset()
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = op(ctx)
		return struct{}{}, classify(last, waits)
	},
		backoff.WithBackOff(waits),
		backoff.WithMaxTries(uint(p.Attempts)),
		backoff.WithMaxElapsedTime(p.Budget),
		backoff.WithNotify(func(_ error, d time.Duration) { p.announce(last, d) }),
	)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return last
}

// classify turns a failure into what the backoff library acts on.
func classify(err error, waits *backoff.ExponentialBackOff) error {
	if err == nil {
		return nil
	}
	if media.ClassOf(err) != media.Transient {
		return backoff.Permanent(err)
	}
	after := media.RetryAfterOf(err)
	if after <= 0 {
		return err
	}
	return &backoff.RetryAfterError{Duration: max(after, waits.NextBackOff())}
}

func (p Policy) announce(err error, d time.Duration) {
	if p.OnWait != nil && d > time.Second {
		p.OnWait(media.Wait{Reason: err.Error(), Until: time.Now().Add(d).UTC()})
	}
}
