package crash

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// ErrKilled is the error of each change after the last one.
var ErrKilled = errors.New("killed")

// Countdown allows some changes and fails all that follow, as if the process had
// died there. It is safe for concurrent use.
type Countdown struct {
	die func(error)

	mu   sync.Mutex
	left int // guarded by mu
}

// After returns a Countdown that allows n changes. Die, if non-nil, is called with
// ErrKilled for each change that fails.
func After(n int, die func(error)) *Countdown { return &Countdown{left: n, die: die} }

// Change is called before each change and returns ErrKilled if it must not happen.
func (c *Countdown) Change() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left >= 0 {
		return nil
	}
	if c.die != nil {
		c.die(ErrKilled)
	}
	return ErrKilled
}

// Each runs a test that dies at the first, second, … change until it survives.
// It fails if that takes fewer than least or more than most changes.
func Each(t *testing.T, least, most int, survives func(t *testing.T, n int) bool) {
	t.Helper()
	for n := 1; n <= most; n++ {
		survived := false
		t.Run(fmt.Sprint(n), func(t *testing.T) { survived = survives(t, n) })
		if survived {
			if n <= least {
				t.Errorf("only %d changes", n-1)
			}
			return
		}
	}
	t.Errorf("still dying after %d changes", most)
}

// Backend is a store that fails its changes when a countdown has ended.
type Backend struct {
	state.Backend
	Countdown *Countdown
}

func (b Backend) change(do func() error) error {
	if err := b.Countdown.Change(); err != nil {
		return err
	}
	return do()
}

// PutSession is a change.
func (b Backend) PutSession(ctx context.Context, s *state.Session) error {
	return b.change(func() error { return b.Backend.PutSession(ctx, s) })
}

// PutItems is a change.
func (b Backend) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	return b.change(func() error { return b.Backend.PutItems(ctx, id, items...) })
}

// PutBatch is a change.
func (b Backend) PutBatch(ctx context.Context, id string, batch *state.Batch) error {
	return b.change(func() error { return b.Backend.PutBatch(ctx, id, batch) })
}

// Record is a change.
func (b Backend) Record(ctx context.Context, entries ...state.LedgerEntry) error {
	return b.change(func() error { return b.Backend.Record(ctx, entries...) })
}

// DeleteSession is a change.
func (b Backend) DeleteSession(ctx context.Context, id string) error {
	return b.change(func() error { return b.Backend.DeleteSession(ctx, id) })
}
