package gondola

import (
	"context"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

const (
	feedPage  = 64 // items read from the backend at a time
	mostTries = 2  // passes in which an item may fail in one run
	// passRest is the wait before the second pass, long enough for a router to
	// start again.
	passRest = 2 * time.Minute
)

// feeder hands items to be carried, as the gate lets them through.
type feeder struct {
	run    *run
	gate   *gate
	ahead  *lookout
	carry  func(it *state.Item, at *place) // returns at once
	inHand sync.WaitGroup                  // items being carried
}

// feed hands out items in passes. The first takes everything; a second takes
// what failed for a passing reason, now that the others are through.
func (f *feeder) feed(ctx context.Context) error {
	if f.run.adopting {
		if err := f.run.waitListed(ctx); err != nil {
			return err
		}
	}
	for pass := 1; ; pass++ {
		handed, err := f.pass(ctx, pass)
		if err != nil {
			return err
		}
		f.inHand.Wait()
		if handed == 0 && pass > 1 {
			return nil
		}
	}
}

func (f *feeder) pass(ctx context.Context, pass int) (handed int, err error) {
	r := f.run
	var after int64
	for {
		complete := r.discoveryEnded() // asked before reading, or the last items would be missed
		page, err := r.page(ctx, state.ItemQuery{Awaiting: state.Transfer, After: after, Limit: feedPage})
		if err != nil {
			return handed, err
		}
		for i, it := range page {
			after = it.Seq
			if !r.worthTrying(it, pass) {
				continue
			}
			if pass > 1 && handed == 0 {
				if err := r.restBetweenPasses(ctx, it); err != nil {
					return handed, err
				}
			}
			f.ahead.prepare(page[i+1:])
			if err := f.hand(ctx, it); err != nil {
				return handed, err
			}
			handed++
		}
		if len(page) > 0 {
			continue
		}
		if complete {
			return handed, nil
		}
		if err := r.waitNews(ctx); err != nil {
			return handed, err
		}
	}
}

// hand waits for a place and has the item carried.
func (f *feeder) hand(ctx context.Context, it *state.Item) error {
	if err := f.run.begin(ctx, state.Transfer); err != nil {
		return err
	}
	at, err := f.gate.enter(ctx, it.Item)
	if err != nil {
		return err
	}
	f.carry(it, at)
	return nil
}

// restBetweenPasses waits before what failed is tried once more.
func (r *run) restBetweenPasses(ctx context.Context, it *state.Item) error {
	r.waiting(fault.Wait{Reason: it.Errors[state.Transfer].Message, Until: time.Now().Add(passRest).UTC()})
	select {
	case <-time.After(passRest):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// worthTrying tells whether an item that awaits transfer is to be carried in
// this pass: not if it failed in this run, unless for a passing reason and
// there are tries left.
func (r *run) worthTrying(it *state.Item, pass int) bool {
	e, failed := it.Errors[state.Transfer]
	if !failed || e.At.Before(r.began) {
		return true
	}
	return e.Class == fault.Transient && pass <= mostTries
}

func (r *run) discoveryEnded() bool {
	select {
	case <-r.listed:
		return true
	default:
		return false
	}
}

func (r *run) waitListed(ctx context.Context) error {
	select {
	case <-r.listed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *run) waitNews(ctx context.Context) error {
	select {
	case <-r.news:
		return nil
	case <-r.listed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
