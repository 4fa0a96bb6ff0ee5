package gondola

import (
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// settle stores the outcome of each item of a create call, the ledger first,
// and returns those to be sent again.
func (r *run) settle(ctx context.Context, items []*state.Item, results []media.Result) (again []*state.Item, err error) {
	var there []*state.Item
	for i, it := range items {
		result := results[i]
		if result.Err == nil {
			markCreated(it, result.ID)
			there = append(there, it)
			continue
		}
		retryIt, err := r.settleFailure(ctx, it, result.Err)
		if err != nil {
			return nil, errors.Join(err, r.store(ctx, there))
		}
		if retryIt {
			again = append(again, it)
		}
	}
	if err := r.store(ctx, there); err != nil {
		return nil, err
	}
	for _, it := range there {
		r.metrics.created(it)
		r.emit(ItemEvent{Item: *it, Stage: state.Create, Status: state.Completed})
	}
	return again, nil
}

func markCreated(it *state.Item, id string) {
	it.Create, it.DestinationID, it.RegisteredAt = state.Completed, id, time.Now().UTC()
	it.Receipt = nil
	delete(it.Errors, state.Create)
}

// store makes it durable that items are at the destination.
func (r *run) store(ctx context.Context, there []*state.Item) error {
	if len(there) == 0 {
		return nil
	}
	if err := r.record(there...); err != nil {
		return err
	}
	return r.saveItem(there...)
}

// record enters items into the ledger.
func (r *run) record(items ...*state.Item) error {
	now := time.Now().UTC()
	entries := make([]state.LedgerEntry, 0, len(items))
	for _, it := range items {
		if it.ID == (media.ID{}) {
			continue // known by name only: nothing a later session could ask for
		}
		entries = append(entries, state.LedgerEntry{
			Account: r.account, Key: it.ID.Key(), DestinationID: it.DestinationID,
			SHA256: it.SHA256, Size: it.Carried, Session: r.id, At: now,
		})
	}
	return r.opt.Backend.Record(r.lasting, entries...)
}

// settleFailure decides what becomes of an item that was not registered, and
// reports whether to send it again in this run.
func (r *run) settleFailure(ctx context.Context, it *state.Item, cause error) (again bool, err error) {
	if media.CodeOf(cause) == media.CodeTokenInvalid {
		if r.maybeSpent(it) {
			return r.carryNow(ctx, it) // no fault of the item, however often runs are killed here
		}
		if it.CarriedAgain < maxCarriedAgain {
			it.CarriedAgain++
			return r.carryNow(ctx, it)
		}
	}
	r.failItem(it, state.Create, cause)
	if media.ClassOf(cause) == media.Transient && !r.triedEnough(it) {
		return true, nil
	}
	it.Create = state.Failed
	if media.ClassOf(cause) == media.ItemFault {
		it.CarriedAgain++
	}
	if err := r.saveItem(it); err != nil {
		return false, err
	}
	return false, r.failed(it, state.Create, cause)
}

func (r *run) triedEnough(it *state.Item) bool {
	e, failed := it.Errors[state.Create]
	return failed && !e.At.Before(r.began) && e.Attempt >= mostCreateTries
}

// carryNow carries an item anew whose receipt is not accepted any more. Until
// that is done the item still counts as carried: the transfer stage must not
// take it as well.
func (r *run) carryNow(ctx context.Context, it *state.Item) (again bool, err error) {
	it.Checkpoint = nil
	handed := make(chan *state.Item, 1)
	if err := r.carry(ctx, it, nil, handed); err != nil {
		return false, err
	}
	return len(handed) == 1, nil
}
