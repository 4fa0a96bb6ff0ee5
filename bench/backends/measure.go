package backends

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/bench/session"
	"github.com/gondola-sync/gondola/state"
)

// Cost is what one session costs in one store.
type Cost struct {
	Items  int
	Load   time.Duration // to store all items, 500 at a time
	Change time.Duration // to store one item that changed; the median of many
	Open   time.Duration // from opening the store until pending items are in hand
	List   time.Duration // to read all items in order
	Peak   int64         // resident memory of the process since Load, in bytes; 0: not known here
}

const (
	id      = "measured"
	pending = 10
	changes = 200
)

// Measure stores a session of so many items, 10 of them pending, and takes the
// time of what the engine does with it. Each call of open opens the same store,
// in which the session must not be yet; there it stays.
func Measure(ctx context.Context, open func(context.Context) (state.Backend, error), items int) (c Cost, err error) {
	c.Items = items
	c.Load, err = timed(ctx, open, func(b state.Backend) error { return session.Fill(ctx, b, id, items, min(pending, items)) })
	if err != nil {
		return c, fmt.Errorf("store %d items: %w", items, err)
	}
	debug.FreeOSMemory()
	forgetPeak()
	began := time.Now()
	b, err := open(ctx)
	if err != nil {
		return c, err
	}
	err = c.run(ctx, b, began)
	c.Peak = peak()
	return c, errors.Join(err, b.Close())
}

// run does what a run does with a session that it holds until it ends.
func (c *Cost) run(ctx context.Context, b state.Backend, began time.Time) error {
	lock, err := b.Lock(ctx, id)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if err := begin(ctx, b); err != nil {
		return err
	}
	c.Open = time.Since(began)
	if c.Change, err = change(ctx, b, c.Items); err == nil {
		c.List, err = list(ctx, b, c.Items)
	}
	return err
}

func timed(ctx context.Context, open func(context.Context) (state.Backend, error), use func(state.Backend) error) (time.Duration, error) {
	b, err := open(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = use(b)
	return time.Since(began), errors.Join(err, b.Close())
}

// begin is how the engine begins: header, sums, what is stale, what is pending.
func begin(ctx context.Context, b state.Backend) error {
	s, err := b.Session(ctx, id)
	if err != nil {
		return err
	}
	if err := b.PutSession(ctx, s); err != nil {
		return err
	}
	if _, err := b.Counts(ctx, id); err != nil {
		return err
	}
	n, err := count(ctx, b, state.Query{Awaiting: state.Create})
	if err == nil && n == 0 {
		n, err = count(ctx, b, state.Query{Awaiting: state.Transfer, Limit: 64})
	}
	if err == nil && n == 0 {
		err = errors.New("nothing is pending")
	}
	return err
}

func count(ctx context.Context, b state.Backend, q state.Query) (n int, err error) {
	for _, err := range b.Items(ctx, id, q) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// change stores single items all over the session.
func change(ctx context.Context, b state.Backend, items int) (time.Duration, error) {
	var took []time.Duration
	for i := range changes {
		it := session.Done(pending + i*7919%max(items-pending, 1))
		if items <= pending {
			it = session.Listed(i % items)
		}
		known, err := b.Item(ctx, id, it.ID.Key())
		if err != nil {
			return 0, err
		}
		known.Carried = int64(i)
		began := time.Now()
		if err := b.PutItems(ctx, id, known); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func list(ctx context.Context, b state.Backend, items int) (time.Duration, error) {
	began := time.Now()
	n, err := count(ctx, b, state.Query{})
	if err == nil && n != items {
		err = fmt.Errorf("%d items were listed, want %d", n, items)
	}
	return time.Since(began), err
}

// forgetPeak lets the kernel count the peak of resident memory from now on. Where
// that is not possible, what loading took counts too.
func forgetPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // on Linux
}

// peak is the most resident memory of this process in bytes, 0 where it is not
// known.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib << 10
}
