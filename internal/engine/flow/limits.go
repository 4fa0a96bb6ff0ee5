package flow

import (
	"context"
	"math"
	"sync/atomic"
)

// Limiter paces bytes on one leg. It is shared by all files in flight and safe
// for concurrent use.
type Limiter interface {
	// WaitN blocks until n bytes may pass or ctx ends.
	WaitN(ctx context.Context, n int) error
	// Piece returns how many bytes to move at most between two calls of WaitN.
	Piece() int
}

// Limits pace both legs: what is read is sent at once, so that every byte passes
// all of them. They may be changed at any time. The zero Limits let everything
// pass.
type Limits struct{ both atomic.Pointer[[]Limiter] }

// Set sets the limiters that are in force from now on; nil is none.
func (l *Limits) Set(limiters ...Limiter) {
	var set []Limiter
	for _, limiter := range limiters {
		if limiter != nil {
			set = append(set, limiter)
		}
	}
	l.both.Store(&set)
}

func (l *Limits) limiters() []Limiter {
	if set := l.both.Load(); set != nil {
		return *set
	}
	return nil
}

// longestPaced keeps a paced read short, in bytes, so that the pace is smooth.
const longestPaced = 64 << 10

// Piece returns how many bytes may be read at once, at least 1.
func (l *Limits) Piece() int {
	limiters := l.limiters()
	if len(limiters) == 0 {
		return math.MaxInt
	}
	n := longestPaced
	for _, limiter := range limiters {
		n = min(n, max(limiter.Piece(), 1)) // a read of nothing would never end
	}
	return n
}

// WaitN blocks until n bytes may pass on both legs or ctx ends. What was read
// before a limit was set passes in pieces that the limiter takes.
func (l *Limits) WaitN(ctx context.Context, n int) error {
	for _, limiter := range l.limiters() {
		for left := n; left > 0; {
			piece := min(left, max(limiter.Piece(), 1))
			if err := limiter.WaitN(ctx, piece); err != nil {
				return err
			}
			left -= piece
		}
	}
	return nil
}
