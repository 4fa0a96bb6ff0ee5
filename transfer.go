package gondola

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// transfer carries the bytes of every item that awaits it, several at a time,
// and passes each on to be created. It ends when discovery has ended and
// nothing awaits transfer but what has failed.
func (r *run) transfer(ctx context.Context, carried chan<- *state.Item) error {
	g, gctx := errgroup.WithContext(ctx)
	f := &feeder{run: r, gate: newGate(r.opt.Transfers, r.log), ahead: r.newLookout(gctx)}
	f.carry = func(it *state.Item, at *place) {
		f.inHand.Add(1)
		g.Go(func() error {
			defer f.inHand.Done()
			defer at.leave()
			return r.carry(gctx, it, at, carried)
		})
	}
	g.Go(func() error { return f.feed(gctx) })
	err := g.Wait()
	f.ahead.wait()
	if err == nil {
		err = r.begin(ctx, state.Transfer)
	}
	return r.end(ctx, state.Transfer, err)
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

// carry moves one item's bytes and records what became of it. It returns an
// error only if nothing else can go on either. The place is nil for an item that
// did not come through the gate.
func (r *run) carry(ctx context.Context, it *state.Item, at *place, carried chan<- *state.Item) error {
	err := r.upload(ctx, it, at)
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
	if refused, ok := errors.AsType[*station.RefusedError](err); ok {
		return r.refuse(ctx, it, refused.Refusal)
	}
	if fault.ClassOf(err) == fault.Session {
		return err
	}
	r.failItem(it, state.Transfer, err)
	it.Transfer, it.Create = state.Failed, state.Skipped
	if saveErr := r.saveFailed(it); saveErr != nil {
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
	return &fault.Error{
		Class: fault.Session, Code: fault.CodeOf(err),
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
func (r *run) upload(ctx context.Context, it *state.Item, at *place) error {
	r.metrics.start(it)
	defer r.metrics.stop(it)
	receipt, err := r.uploadOnce(ctx, it, at)
	for restarts := 0; changed(err) && restarts < mostRestarts; restarts++ {
		it.Checkpoint = nil
		receipt, err = r.uploadOnce(ctx, it, at)
	}
	if err != nil {
		return err
	}
	it.Transfer, it.Create = state.Completed, state.Pending
	it.Receipt, it.Checkpoint = &receipt, nil
	it.Carried, it.SHA256, it.CarriedAt = receipt.Size, receipt.SHA256, time.Now().UTC()
	if recorded := cmp.Or(it.Recorded, it.Size); recorded > 0 && recorded != receipt.Size {
		it.Recorded = recorded
	}
	it.Size = receipt.Size
	delete(it.Errors, state.Transfer)
	it.SameAs = r.repeats.note(it)
	r.metrics.carried(it)
	at.arrived(receipt.Size)
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
func changed(err error) bool { return fault.CodeOf(err) == fault.Changed }

func (r *run) uploadOnce(ctx context.Context, it *state.Item, at *place) (station.Receipt, error) {
	s := &stream{
		source: r.opt.Source, item: it.Item,
		onWait: r.waiting, failed: at.failed, limits: r.limits(), metrics: r.metrics,
	}
	if it.Checkpoint != nil {
		s.version = it.Checkpoint.Version
	}
	return r.opt.Destination.Upload(ctx, station.Upload{
		Item: it.Item,
		Open: s.open,
		From: it.Checkpoint,
		Save: func(ctx context.Context, c station.Checkpoint) error {
			it.Checkpoint = &c
			r.metrics.confirmed(it, c.Size, c.Confirmed)
			return r.saveItem(it)
		},
		Sent: func(n int64) {
			r.metrics.sent(it, n)
			at.sent(n)
		},
		Failed: at.failed,
		Resent: func(n int64) { r.metrics.sentAgain(it, n) },
	})
}
