package gondola

import (
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// settlement is what became of the items of a create call.
type settlement struct {
	again []*state.Item // to be sent again
	ended error         // what ends the run; the failures after it are not settled
}

// settle stores the outcome of each item of a create call, the ledger first.
// Whatever else fails, the items that are at the destination are stored.
func (r *run) settle(ctx context.Context, items []*state.Item, results []station.Result) (s settlement, err error) {
	var there []*state.Item
	for i, it := range items {
		result := results[i]
		switch {
		case result.Err == nil:
			markCreated(it, result.ID)
			there = append(there, it)
		case s.ended == nil:
			again, err := r.settleFailure(ctx, it, result.Err)
			if s.ended = err; again {
				s.again = append(s.again, it)
			}
		}
	}
	if err := r.store(ctx, there); err != nil {
		return s, errors.Join(s.ended, err)
	}
	for _, it := range there {
		r.metrics.created(it)
		if it.Remark() != "" {
			r.remarks.Add(1)
		}
		r.emit(ItemEvent{Item: *it, Stage: state.Create, Status: state.Completed})
	}
	return s, nil
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
			Account: r.account, Key: it.LedgerKey(), DestinationID: it.DestinationID,
			SHA256: it.SHA256, Size: it.Carried, Session: r.id, At: now,
		})
	}
	return r.opt.Backend.Record(r.lasting, entries...)
}

// settleFailure decides what becomes of an item that was not registered, and
// reports whether to send it again in this run. A session-wide failure, such as a
// full account, is returned and leaves the item as it is: it waits.
func (r *run) settleFailure(ctx context.Context, it *state.Item, cause error) (again bool, err error) {
	if fault.ClassOf(cause) == fault.Session {
		return false, cause
	}
	if fault.CodeOf(cause) == fault.TokenInvalid {
		if r.maybeSpent(it) {
			return r.carryNow(ctx, it) // no fault of the item, however often runs are killed here
		}
		if it.CarriedAgain < maxCarriedAgain {
			it.CarriedAgain++
			return r.carryNow(ctx, it)
		}
	}
	r.failItem(it, state.Create, cause)
	if fault.ClassOf(cause) == fault.Transient && !r.triedEnough(it) {
		return true, nil
	}
	it.Create = state.Failed
	if fault.ClassOf(cause) == fault.Item {
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
