package register

import (
	"errors"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// applied is what became of the items of a create call.
type applied struct {
	there []*state.Item // at the destination
	again []*state.Item // to be registered again
	ended error         // what ends the run; the failures after it are not applied
}

// apply stores the outcome of each item of a create call, the ledger first.
// Whatever else fails, the items that are at the destination are stored.
func (b *batcher) apply(g *group, results []station.Result) (a applied, err error) {
	for i, it := range g.items {
		result := results[i]
		switch {
		case result.Err == nil:
			lifecycle.Created(it, result.ID)
			it.Unfiled = b.r.unfiled(it, g.album)
			a.there = append(a.there, it)
		case a.ended == nil:
			again, err := b.applyFailure(it, result.Err)
			if a.ended = err; again {
				a.again = append(a.again, it)
			}
		}
	}
	if err := b.store(a.there); err != nil {
		return a, errors.Join(a.ended, err)
	}
	for _, it := range a.there {
		b.r.Report.Created(it)
	}
	return a, nil
}

// store makes it durable that items are at the destination.
func (b *batcher) store(there []*state.Item) error {
	var entries []state.LedgerEntry
	for _, it := range there {
		entries = append(entries, lifecycle.LedgerEntries(it)...)
	}
	if err := b.r.Store.Record(entries...); err != nil {
		return err
	}
	return b.r.Store.Put(there...)
}

// applyFailure decides what becomes of an item that was not registered, and
// reports whether to register it again in this run. A session-wide failure, such
// as a full account, is returned and leaves the item as it is: it waits.
func (b *batcher) applyFailure(it *state.Item, cause error) (again bool, err error) {
	if fault.ClassOf(cause) == fault.Session {
		return false, cause
	}
	if fault.CodeOf(cause) == fault.TokenInvalid {
		switch {
		case b.maybeSpent(it):
			it.CarriedAgain-- // no fault of the item, however often runs are killed here
			return false, b.sendBack(it)
		case it.CarriedAgain < lifecycle.MostRetransfers:
			return false, b.sendBack(it)
		}
	}
	lifecycle.Fail(it, state.Create, cause, b.r.Report.Began())
	if fault.ClassOf(cause) == fault.Transient && it.Errors[state.Create].Attempt < mostTries {
		return true, nil
	}
	if fault.ClassOf(cause) == fault.Item {
		it.CarriedAgain++
	}
	if err := b.r.Store.Put(it); err != nil {
		return false, err
	}
	return false, b.r.Failed(it, cause)
}

// sendBack lets an item await its transfer again: its receipt is not accepted any
// more.
func (b *batcher) sendBack(it *state.Item) error {
	size := it.Carried
	lifecycle.ResetTransfer(it)
	if err := b.r.Store.Put(it); err != nil {
		return err
	}
	b.r.Report.SentBack(it, size)
	b.r.Again()
	return nil
}
