package bandwidth

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Limiter paces one direction by a timetable, in local time. It is shared by
// all that move bytes in that direction and safe for concurrent use. A nil
// Limiter does not limit.
type Limiter struct {
	at       func(time.Time) Rate
	constant bool

	mu  sync.Mutex // held to replace now
	now atomic.Pointer[phase]
}

// phase is the time during which one rate holds.
type phase struct {
	rate   Rate
	bucket *rate.Limiter // nil if unlimited
	until  time.Time     // when the timetable is asked again; zero for never
}

// Limiters returns the limiters of both directions.
func (t Timetable) Limiters() (up, down *Limiter) {
	up = &Limiter{constant: t.constant(), at: func(at time.Time) Rate { r, _ := t.At(at); return r }}
	down = &Limiter{constant: t.constant(), at: func(at time.Time) Rate { _, r := t.At(at); return r }}
	return up, down
}

// Piece returns how many bytes to move at most between two calls of WaitN, so
// that the pace is smooth and no caller waits long for a turn: what passes in a
// twentieth of a second, at least 1.
func (l *Limiter) Piece() int {
	p := l.current()
	if p.rate == Unlimited {
		return math.MaxInt
	}
	return int(max(p.rate/20, 1))
}

// WaitN blocks until n bytes may pass or ctx ends; it then returns ctx's cause.
// Any n is accepted: what is more than the rate allows at once passes in parts.
// A rate that the timetable changes holds within a minute, also for those who
// are waiting. Without a limit, WaitN returns at once.
func (l *Limiter) WaitN(ctx context.Context, n int) error {
	for n > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := l.current()
		if p.bucket == nil {
			return nil
		}
		part := min(n, p.bucket.Burst())
		passed, err := p.wait(ctx, part)
		if err != nil {
			return err
		}
		if passed {
			n -= part
		}
	}
	return nil
}

var unlimited = &phase{}

// current returns the phase that holds now.
func (l *Limiter) current() *phase {
	if l == nil || l.at == nil {
		return unlimited
	}
	p := l.now.Load()
	if p != nil && (p.until.IsZero() || time.Now().Before(p.until)) {
		return p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.Load() == p { // no other goroutine was faster
		l.now.Store(l.next(p))
	}
	return l.now.Load()
}

// next returns the phase that begins now. A rate that goes on keeps its bucket.
func (l *Limiter) next(p *phase) *phase {
	now := time.Now()
	q := &phase{rate: l.at(now)}
	if !l.constant {
		q.until = now.Add(untilNextMinute(now))
	}
	if p != nil && p.rate == q.rate {
		q.bucket = p.bucket
	} else if q.rate != Unlimited {
		q.bucket = newBucket(q.rate, now)
	}
	return q
}

func untilNextMinute(t time.Time) time.Duration {
	return time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond())
}

// newBucket returns an empty bucket that holds what passes in a tenth of a
// second: enough to make up for late timers, too little to notice.
func newBucket(r Rate, now time.Time) *rate.Limiter {
	burst := int(min(max(r/10, 1), 1<<30))
	bucket := rate.NewLimiter(rate.Limit(r), burst)
	bucket.AllowN(now, burst)
	return bucket
}

// wait blocks until n bytes may pass, at most as long as the phase holds, and
// reports whether they may.
func (p *phase) wait(ctx context.Context, n int) (passed bool, err error) {
	now := time.Now()
	turn := p.bucket.ReserveN(now, n)
	delay := turn.DelayFrom(now)
	if delay == 0 {
		return true, nil
	}
	pause := delay
	if !p.until.IsZero() {
		pause = min(delay, max(p.until.Sub(now), time.Millisecond))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		turn.Cancel()
		return false, context.Cause(ctx)
	case <-timer.C:
	}
	if pause < delay {
		turn.Cancel()
		return false, nil
	}
	return true, nil
}
