package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gondola-sync/gondola/fault"
)

// Policy bounds the repetition. The zero Policy is filled with defaults.
type Policy struct {
	Base     time.Duration // first wait; default 1 s
	Max      time.Duration // longest wait that backoff grows to; default 60 s
	Attempts int           // at most so many calls; default 6
	// Budget is the longest time from the first call to the start of the last,
	// not counting the waits that a service asked for; default 15 min.
	Budget time.Duration
	// Obey is the longest wait that a service may ask for: a failure that asks
	// for more ends the repetition; default 24 h.
	Obey time.Duration
	// OnWait, if not nil, is called before every wait longer than a second.
	OnWait func(fault.Wait)
}

// PolicyOf returns the policy of a client that is given r and onWait.
func PolicyOf(r fault.Retry, onWait func(fault.Wait)) Policy {
	return Policy{Base: r.Base, Max: r.Max, Attempts: r.Attempts, Budget: r.Budget, Obey: r.Obey, OnWait: onWait}
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
	if p.Obey <= 0 {
		p.Obey = 24 * time.Hour
	}
	return p
}

// Do calls op until it returns nil, a failure that is not Transient, or the
// policy is exhausted; it returns op's last error, or the cause if ctx ends
// first. A fault's RetryAfter is the least wait after it.
func Do(ctx context.Context, p Policy, op func(context.Context) error) error {
	p = p.withDefaults()
	waits := p.backoff()
	left, last := p.Budget, time.Now()
	for attempt := 1; ; attempt++ {
		err := op(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case fault.ClassOf(err) != fault.Transient, attempt >= p.Attempts:
			return err
		}
		wait, asked := waits.NextBackOff(), fault.RetryAfterOf(err)
		if left -= time.Since(last); asked < wait {
			left -= wait
		}
		if left < 0 || asked > p.Obey {
			return err
		}
		if err := p.pause(ctx, max(wait, asked), err); err != nil {
			return err
		}
		last = time.Now()
	}
}

func (p Policy) backoff() backoff.BackOff {
	b := &backoff.ExponentialBackOff{InitialInterval: p.Base, RandomizationFactor: 0.3, Multiplier: 2, MaxInterval: p.Max}
	b.Reset()
	return b
}

// pause waits because of a failure.
func (p Policy) pause(ctx context.Context, d time.Duration, why error) error {
	if p.OnWait != nil && d > time.Second {
		p.OnWait(fault.Wait{Reason: why.Error(), Until: time.Now().Add(d).UTC()})
	}
	return Sleep(ctx, d)
}

// Sleep returns nil after d, or the cause of ctx if that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
