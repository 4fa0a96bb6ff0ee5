package gondola

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// transfer carries the bytes of every item that awaits it, several at a time,
// and passes each on to be created. It ends when discovery has ended and
// nothing awaits transfer but what has failed.
func (r *run) transfer(ctx context.Context, carried chan<- *state.Item) error {
	work := make(chan *state.Item)
	var inHand sync.WaitGroup
	g, gctx := errgroup.WithContext(ctx)
	for range r.opt.Transfers {
		g.Go(func() error {
			for it := range work {
				err := r.carry(gctx, it, carried)
				inHand.Done()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(work)
		return r.feed(gctx, work, &inHand)
	})
	err := g.Wait()
	if err == nil {
		err = r.begin(ctx, state.Transfer)
	}
	return r.end(ctx, state.Transfer, err)
}

// feed hands out items in passes. The first takes everything; a second takes
// what failed for a passing reason, now that the others are through.
func (r *run) feed(ctx context.Context, work chan<- *state.Item, inHand *sync.WaitGroup) error {
	if r.adopting {
		if err := r.waitListed(ctx); err != nil {
			return err
		}
	}
	for pass := 1; ; pass++ {
		handed, err := r.feedPass(ctx, pass, work, inHand)
		if err != nil {
			return err
		}
		inHand.Wait()
		if handed == 0 && pass > 1 {
			return nil
		}
	}
}

const (
	feedPage  = 64 // items read from the backend at a time
	mostTries = 2  // passes in which an item may fail in one run
	// passRest is the wait before the second pass, long enough for a router to
	// start again.
	passRest = 2 * time.Minute
)

func (r *run) feedPass(ctx context.Context, pass int, work chan<- *state.Item, inHand *sync.WaitGroup) (handed int, err error) {
	var after int64
	for {
		complete := r.discoveryEnded() // asked before reading, or the last items would be missed
		page, err := r.page(ctx, state.ItemQuery{Awaiting: state.Transfer, After: after, Limit: feedPage})
		if err != nil {
			return handed, err
		}
		for _, it := range page {
			after = it.Seq
			if !r.worthTrying(it, pass) {
				continue
			}
			if err := r.begin(ctx, state.Transfer); err != nil {
				return handed, err
			}
			if pass > 1 && handed == 0 {
				if err := r.restBetweenPasses(ctx, it); err != nil {
					return handed, err
				}
			}
			inHand.Add(1)
			select {
			case work <- it:
				handed++
			case <-ctx.Done():
				inHand.Done()
				return handed, context.Cause(ctx)
			}
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

// restBetweenPasses waits before what failed is tried once more.
func (r *run) restBetweenPasses(ctx context.Context, it *state.Item) error {
	r.waiting(media.Wait{Reason: it.Errors[state.Transfer].Message, Until: time.Now().Add(passRest).UTC()})
	select {
	case <-time.After(passRest):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// page reads a few items at once, so that no iteration of the backend stays
// open while bytes move.
func (r *run) page(ctx context.Context, q state.ItemQuery) ([]*state.Item, error) {
	return readPage(ctx, r.opt.Backend, r.id, q)
}

func readPage(ctx context.Context, from state.Backend, session string, q state.ItemQuery) ([]*state.Item, error) {
	var page []*state.Item
	for it, err := range from.Items(ctx, session, q) {
		if err != nil {
			return nil, err
		}
		page = append(page, it)
	}
	return page, nil
}

// worthTrying tells whether an item that awaits transfer is to be carried in
// this pass: not if it failed in this run, unless for a passing reason and
// there are tries left.
func (r *run) worthTrying(it *state.Item, pass int) bool {
	e, failed := it.Errors[state.Transfer]
	if !failed || e.At.Before(r.began) {
		return true
	}
	return e.Class == media.Transient && pass <= mostTries
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

// carry moves one item's bytes and records what became of it. It returns an
// error only if nothing else can go on either.
func (r *run) carry(ctx context.Context, it *state.Item, carried chan<- *state.Item) error {
	err := r.upload(ctx, it)
	if err == nil {
		r.emit(ItemEvent{Item: *it, Stage: state.Transfer, Status: state.Completed})
		select {
		case carried <- it:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if refused, ok := errors.AsType[*media.RefusedError](err); ok {
		return r.refuse(ctx, it, refused.Refusal)
	}
	if media.ClassOf(err) == media.SessionWide {
		return err
	}
	r.failItem(it, state.Transfer, err)
	it.Transfer, it.Create = state.Failed, state.Skipped
	if saveErr := r.saveItem(it); saveErr != nil {
		return saveErr
	}
	return r.failed(it, state.Transfer, err)
}

// failed tells of a failed item, and ends the run if that is what was asked for.
func (r *run) failed(it *state.Item, stage state.Stage, err error) error {
	r.emit(ItemEvent{Item: *it, Stage: stage, Status: state.Failed, Err: err})
	if !r.opt.FailFast {
		return nil
	}
	return &media.Fault{
		Class: media.SessionWide, Code: media.CodeOf(err),
		Op: fmt.Sprintf("stopped at the first failed item, %s", it.Name), Err: err,
		Hint: "run the same command again to retry it",
	}
}

// refuse records that an item cannot be carried, as only opening it could tell.
func (r *run) refuse(ctx context.Context, it *state.Item, why media.Refusal) error {
	it.Refusal, it.Create, it.Checkpoint = &why, state.Skipped, nil
	if err := r.saveItem(it); err != nil {
		return err
	}
	r.metrics.refused(it)
	r.emit(ItemEvent{Item: *it, Stage: state.Transfer, Status: state.Skipped})
	return nil
}

// mostRestarts is how often an upload begins anew because its source changed.
const mostRestarts = 2

// upload carries the bytes of an item and stores the receipt. The destination
// recovers by itself: what it has given up comes again in the second pass.
func (r *run) upload(ctx context.Context, it *state.Item) error {
	r.metrics.start(it)
	defer r.metrics.stop(it)
	receipt, err := r.uploadOnce(ctx, it)
	for restarts := 0; changed(err) && restarts < mostRestarts; restarts++ {
		it.Checkpoint = nil
		receipt, err = r.uploadOnce(ctx, it)
	}
	if err != nil {
		return err
	}
	it.Transfer, it.Create = state.Completed, state.Pending
	it.Receipt, it.Checkpoint = &receipt, nil
	it.Carried, it.SHA256, it.CarriedAt = receipt.Size, receipt.SHA256, time.Now().UTC()
	it.Size = receipt.Size
	delete(it.Errors, state.Transfer)
	r.metrics.carried(it)
	r.onTheWay.add(it)
	return r.saveItem(it)
}

func (r *run) limits() (limits []Limiter) {
	for _, l := range []Limiter{r.opt.Download, r.opt.Upload} {
		if l != nil {
			limits = append(limits, l)
		}
	}
	return limits
}

// changed reports whether the source's bytes are no longer those that were
// begun, so that the upload has to begin anew.
func changed(err error) bool { return media.CodeOf(err) == media.CodeChanged }

func (r *run) uploadOnce(ctx context.Context, it *state.Item) (media.Receipt, error) {
	s := &stream{
		source: r.opt.Source, item: it.Item,
		onWait: r.waiting, limits: r.limits(), metrics: r.metrics,
	}
	if it.Checkpoint != nil {
		s.version = it.Checkpoint.Version
	}
	return r.opt.Destination.Upload(ctx, media.Upload{
		Item: it.Item,
		Open: s.open,
		From: it.Checkpoint,
		Save: func(ctx context.Context, c media.Checkpoint) error {
			it.Checkpoint = &c
			r.metrics.confirmed(it, c.Size, c.Confirmed)
			return r.saveItem(it)
		},
		Sent: func(n int64) {
			r.metrics.sent(it, n)
		},
		Resent: func(n int64) { r.metrics.sentAgain(it, n) },
	})
}
