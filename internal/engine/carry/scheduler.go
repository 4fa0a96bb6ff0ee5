package carry

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
)

const pageSize = 64 // items read from the store at a time

// scheduler starts items in the order of discovery, as the slots let them. What
// awaits transfer again behind it is started when it comes to the end of what is
// listed, or when it waits for more.
type scheduler struct {
	c     *Carrier
	ahead *prefetcher
	start func(*flight) // returns at once

	after int64 // Seq of the last item that was looked at
	pass  pass

	running sync.WaitGroup // items in flight
	mu      sync.Mutex     // guards inFlight
	// inFlight are the Seqs of items in flight.
	inFlight map[int64]bool
}

// flight is an item in flight.
type flight struct {
	s    *scheduler
	it   *state.Item
	ctx  context.Context // ends when a pause interrupts the item
	slot *flow.Slot

	landed bool // another flight of the item may have begun
}

// land says that what became of the item is stored: it may be started again. It
// comes before anything that wakes the scheduler because of the item.
func (f *flight) land() {
	if f.landed {
		return
	}
	f.landed = true
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	delete(f.s.inFlight, f.it.Seq)
}

func (f *flight) end() {
	f.land()
	f.slot.Leave()
	f.s.running.Done()
}

// pass is one way through everything that awaits transfer. The first takes
// everything; later ones take again what failed for a passing reason.
type pass struct {
	number  int // from 1
	began   time.Time
	reached int64 // greatest Seq that was looked at
	rested  bool
}

// reach reports whether the item is looked at for the first time in this pass.
func (p *pass) reach(it *state.Item) (fresh bool) {
	fresh = it.Seq > p.reached
	p.reached = max(p.reached, it.Seq)
	return fresh
}

// takes reports whether an item that awaits transfer is to be started. What has
// failed in this pass is not.
func (p *pass) takes(it *state.Item, fresh bool) bool {
	e, failed := it.Errors[state.Transfer]
	switch {
	case !failed:
		return true
	case !fresh && !e.At.Before(p.began):
		return false
	}
	return p.number == 1 || e.Class == fault.Transient
}

func newScheduler(ctx context.Context, c *Carrier, start func(*flight)) *scheduler {
	return &scheduler{
		c: c, ahead: newPrefetcher(ctx, c.Source), start: start,
		pass: pass{number: 1, began: c.Monitor.Began()}, inFlight: map[int64]bool{},
	}
}

func (s *scheduler) run(ctx context.Context) error {
	if s.c.AfterListed {
		if err := wait(ctx, s.c.Listed, nil); err != nil {
			return err
		}
	}
	for {
		listed := s.listed() // asked before reading, or the last items would be missed
		n, err := s.page(ctx)
		switch {
		case err != nil:
			return err
		case n > 0:
		case s.c.behind.Swap(false):
			s.after = 0
		case !listed:
			err = wait(ctx, s.c.Listed, s.c.news)
		default:
			var more bool
			if more, err = s.finish(ctx); err == nil && !more {
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// page starts what awaits transfer of the next few items, and returns how many
// were looked at.
func (s *scheduler) page(ctx context.Context) (n int, err error) {
	busy := s.busy() // asked before reading: what ends meanwhile is read as it was
	page, err := s.c.Store.Page(ctx, state.Query{Awaiting: state.Transfer, After: s.after, Limit: pageSize})
	if err != nil {
		return 0, err
	}
	for i, it := range page {
		s.after = it.Seq
		fresh := s.pass.reach(it)
		if busy[it.Seq] || !s.pass.takes(it, fresh) {
			continue
		}
		if err := s.rest(ctx, it); err != nil {
			return 0, err
		}
		s.ahead.prefetch(page[i+1:])
		if err := s.hand(ctx, it); err != nil {
			return 0, err
		}
	}
	return len(page), nil
}

// finish lets everything in flight end and be registered, and reports whether
// something is to be transferred after that: what was sent back, or what failed
// for a passing reason and has a try left.
func (s *scheduler) finish(ctx context.Context) (more bool, err error) {
	s.running.Wait()
	if err := s.c.Registrar.Drain(ctx); err != nil {
		return false, err
	}
	s.after = 0
	if s.c.behind.Swap(false) {
		return true, nil
	}
	s.pass = pass{number: s.pass.number + 1, began: time.Now()}
	return s.pass.number <= mostTries, nil
}

// hand waits for a slot and starts the item.
func (s *scheduler) hand(ctx context.Context, it *state.Item) error {
	if err := s.c.Begin(ctx); err != nil {
		return err
	}
	itemCtx, slot, err := s.c.Slots.Enter(ctx, it.Item)
	if err != nil {
		return err
	}
	s.running.Add(1)
	s.mu.Lock()
	s.inFlight[it.Seq] = true
	s.mu.Unlock()
	s.ahead.begun.Store(it.Seq)
	s.start(&flight{s: s, it: it, ctx: itemCtx, slot: slot})
	return nil
}

func (s *scheduler) busy() map[int64]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.inFlight)
}

// rest waits before the first item that is tried a second time.
func (s *scheduler) rest(ctx context.Context, it *state.Item) error {
	e, failed := it.Errors[state.Transfer]
	if s.pass.number == 1 || s.pass.rested || !failed {
		return nil
	}
	s.pass.rested = true
	s.c.Monitor.Waiting(fault.Wait{Reason: e.Message, Until: time.Now().Add(restBeforeRetry).UTC()})
	return retry.Sleep(ctx, restBeforeRetry)
}

func (s *scheduler) listed() bool {
	select {
	case <-s.c.Listed:
		return true
	default:
		return false
	}
}

// wait waits until discovery has ended or there is news.
func wait(ctx context.Context, listed, news <-chan struct{}) error {
	select {
	case <-listed:
	case <-news:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
