package carry

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Store is what carrying needs of the session's store.
type Store interface {
	Page(ctx context.Context, q state.Query) ([]*state.Item, error)
	Put(items ...*state.Item) error
}

// Registrar takes the items that were transferred.
type Registrar interface {
	// Expect is called before an item is stored as transferred.
	Expect(it *state.Item)
	// Take is called when it is stored.
	Take(ctx context.Context, it *state.Item) error
	// Drain registers everything that was taken, and returns when that is done.
	Drain(ctx context.Context) error
}

// Options are the parts of a Carrier; all are required.
type Options struct {
	Source      station.Source
	Destination station.Destination
	Store       Store
	Registrar   Registrar
	Slots       *flow.Slots
	Limits      *flow.Limits
	Repeats     *repeats.Repeats
	Monitor     *monitor.Monitor
	Listed      <-chan struct{} // closed when discovery has ended
	AfterListed bool            // nothing is transferred before discovery has ended
	// Begin is called before the first item is transferred.
	Begin func(ctx context.Context) error
	// Failed is called for an item whose transfer failed, which is stored. An error
	// from it ends the run.
	Failed func(it *state.Item, err error) error
}

// Carrier transfers items. Make it with New.
type Carrier struct {
	Options
	news   chan struct{} // one slot: something awaits transfer
	behind atomic.Bool   // something that was passed by awaits transfer again
}

// New returns a Carrier.
func New(o Options) *Carrier {
	return &Carrier{Options: o, news: make(chan struct{}, 1)}
}

// Wake says that discovery has stored something. It may be called at any time.
func (c *Carrier) Wake() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Again says that an item awaits its transfer again. It may be called at any
// time.
func (c *Carrier) Again() {
	c.behind.Store(true)
	c.Wake()
}

// Run transfers every item that awaits it. It ends when discovery has ended,
// everything that was transferred is registered, and nothing awaits transfer but
// what has failed.
func (c *Carrier) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	s := newScheduler(ctx, c, func(f *flight) {
		g.Go(func() error {
			defer f.end()
			return c.carry(ctx, f)
		})
	})
	g.Go(func() error { return s.run(ctx) })
	err := g.Wait()
	s.ahead.wait()
	return err
}

// carry transfers one item's bytes and records what became of it. It returns an
// error only if nothing else can go on either.
func (c *Carrier) carry(ctx context.Context, f *flight) error {
	it := f.it
	err := c.upload(f.ctx, it, f.slot)
	if err == nil {
		c.Monitor.Transferred(it)
		f.land()
		return c.Registrar.Take(ctx, it)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, flow.ErrPaused) {
		f.land()
		c.Again()
		return nil
	}
	if refused, ok := errors.AsType[*station.RefusedError](err); ok {
		return c.refuse(it, refused)
	}
	if fault.ClassOf(err) == fault.Session {
		return err
	}
	lifecycle.Fail(it, state.Transfer, err, c.Monitor.Began())
	if saveErr := c.saveFailed(it); saveErr != nil {
		return saveErr
	}
	return c.Failed(it, err)
}

// refuse records that an item cannot be transferred, as only opening it could
// tell.
func (c *Carrier) refuse(it *state.Item, refused *station.RefusedError) error {
	lifecycle.Refuse(it, refused.Refusal)
	if err := c.Store.Put(it); err != nil {
		return err
	}
	c.Monitor.Refused(it, state.Transfer)
	return nil
}

// saveFailed stores what is known of a failed item. What came with its upload
// is given up if it is the reason why the item cannot be stored.
func (c *Carrier) saveFailed(it *state.Item) error {
	err := c.Store.Put(it)
	if !lifecycle.Unstorable(err) {
		return err
	}
	lifecycle.ForgetUpload(it)
	return c.Store.Put(it)
}

// upload transfers the bytes of an item and stores the receipt. The destination
// recovers by itself: what it has given up is tried once more later.
func (c *Carrier) upload(ctx context.Context, it *state.Item, slot *flow.Slot) error {
	t := c.Monitor.Start(it)
	defer t.End()
	receipt, err := c.uploadOnce(ctx, it, slot, t)
	for restarts := 0; fault.CodeOf(err) == fault.Changed && restarts < mostRestarts; restarts++ {
		it.Checkpoint = nil
		t.Restarted()
		receipt, err = c.uploadOnce(ctx, it, slot, t)
	}
	if err != nil && errors.Is(context.Cause(ctx), flow.ErrPaused) {
		if it.Checkpoint != nil {
			t.Interrupted(it.Checkpoint.Confirmed)
		}
		return flow.ErrPaused
	}
	if err != nil {
		return err
	}
	lifecycle.Transferred(it, receipt)
	it.SameAs = c.Repeats.Note(it)
	c.Registrar.Expect(it)
	if err := c.Store.Put(it); err != nil {
		return err
	}
	t.Finished(it.Carried)
	slot.Arrived(receipt.Size)
	return nil
}

func (c *Carrier) uploadOnce(ctx context.Context, it *state.Item, slot *flow.Slot, t *monitor.Transfer) (station.Receipt, error) {
	s := &stream{source: c.Source, item: it.Item, onWait: c.Monitor.Waiting, slot: slot, limits: c.Limits, transfer: t}
	if it.Checkpoint != nil {
		s.version = it.Checkpoint.Version
	}
	return c.Destination.Upload(ctx, station.Upload{
		Item: it.Item,
		Open: s.open,
		From: it.Checkpoint,
		Save: func(_ context.Context, point station.Checkpoint) error {
			it.Checkpoint = &point
			t.Confirmed(point.Size, point.Confirmed)
			return c.Store.Put(it)
		},
		Sent: func(n int64) {
			t.Sent(n)
			slot.Sent(n)
		},
		Failed: slot.Failed,
		Resent: t.Resent,
	})
}
