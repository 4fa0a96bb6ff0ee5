package resumable

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Retry is a retry policy: how often, and after which waits, what failed is
// tried again. The zero Retry is the default policy; zero fields are filled with
// defaults. A wait is never shorter than the Retry-After of the answer.
type Retry struct {
	// Attempts is how many failures in a row, without a byte confirmed between
	// them, end a transfer; default 8.
	Attempts   int
	Initial    time.Duration // mean of the first wait; default 1 s
	Max        time.Duration // most of a mean; default 1 min
	Multiplier float64       // of the mean from wait to wait; default 2
	Jitter     float64       // the most that a wait differs from its mean, as a part of it; default 0.3
}

func (r Retry) withDefaults() Retry {
	r.Initial = positive(r.Initial, time.Second)
	r.Max = max(positive(r.Max, time.Minute), r.Initial)
	r.Multiplier = positive(r.Multiplier, 2)
	r.Jitter = min(positive(r.Jitter, 0.3), 1)
	r.Attempts = positive(r.Attempts, 8)
	return r
}

func positive[T cmp.Ordered](v, otherwise T) T {
	var zero T
	if v > zero {
		return v
	}
	return otherwise
}

// waits returns the waits of one transfer.
func (r Retry) waits() *backoff.ExponentialBackOff {
	r = r.withDefaults()
	b := &backoff.ExponentialBackOff{
		InitialInterval:     r.Initial,
		RandomizationFactor: r.Jitter,
		Multiplier:          r.Multiplier,
		MaxInterval:         r.Max,
	}
	b.Reset()
	return b
}

// Verdict is what to do about a failure.
type Verdict struct {
	Retry bool
	After time.Duration // least wait before; 0 for none
}

// Judge retries failures of the network and the source, answers that make no
// sense, and refusals that are Temporary. It does not retry what cannot change:
// a source that changed or cannot be read again, and what contradicts the bytes
// that were sent.
func Judge(err error) Verdict {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return Verdict{e.Temporary(), e.RetryAfter}
	}
	for _, final := range []error{context.Canceled, ErrSourceChanged, ErrNotRewindable, ErrGranularity, ErrUnsupported, ErrContradiction, ErrRedirect} {
		if errors.Is(err, final) {
			return Verdict{}
		}
	}
	return Verdict{Retry: true}
}

// sleep waits for d, or returns the cause of ctx when it ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
