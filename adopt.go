package gondola

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// A session that q2google wrote, or saved over Gondola's, knows its items by
// name only. A listing links them to their identities again.

// adopt returns the nameless item that the listed one is, linked to its
// identity, or nil if there is none.
//
// q2google lets two media of one name share an item. Which of them it carried
// cannot be known, so when a second one turns up both are carried: content the
// destination already has does not double there.
func (s *shelf) adopt(ctx context.Context, listed media.Item) (*state.Item, error) {
	if !s.run.adopting {
		return nil, nil
	}
	for _, name := range namesOnRecord(listed) {
		it, err := s.stored(ctx, name)
		switch {
		case errors.Is(err, state.ErrNotFound):
		case err != nil:
			return nil, err
		case it.ID.IsZero():
			return s.run.link(ctx, it, listed)
		case it.Name == listed.LegacyName && it.Refusal == nil && it.Awaits() != state.Transfer:
			carryAgain(it)
			it.DestinationID = ""
			return nil, s.run.saveItem(it)
		}
	}
	return nil, nil
}

// namesOnRecord are the names under which an item may be on record: q2google's,
// and those that Gondola gives.
func namesOnRecord(item media.Item) []string {
	names := []string{item.Name, media.Distinguish(item.Name, item.ID.Medium)}
	if item.LegacyName != "" {
		names = append([]string{item.LegacyName}, names...)
	}
	return names
}

// stored returns the stored item of a name; what is on the shelf is stored
// first.
func (s *shelf) stored(ctx context.Context, name string) (*state.Item, error) {
	if s.names[fold(name)] {
		if err := s.flush(ctx); err != nil {
			return nil, err
		}
	}
	return s.run.opt.Backend.ItemNamed(ctx, s.run.id, name)
}

// link gives a nameless item its identity.
func (r *run) link(ctx context.Context, it *state.Item, listed media.Item) (*state.Item, error) {
	name := it.Name
	it.Item = listed
	it.Name = name
	it.Discovery = state.Completed
	switch it.Awaits() {
	case state.Transfer:
		return it, r.recall(ctx, it)
	case state.Create:
		return it, nil
	}
	it.Refusal = nil // it is there already, whatever we would say of it now
	if it.DestinationID != "" {
		return it, r.record(it)
	}
	return it, nil
}

// retireNameless refuses what was yet to be carried and the proven listing does
// not know by that name: the file is gone, or q2google would have carried a
// lesser rendition of a medium whose original is listed under its own name.
func (r *run) retireNameless(ctx context.Context) error {
	if !r.adopting {
		return nil
	}
	for it, err := range r.opt.Backend.Items(ctx, r.id, state.ItemQuery{Awaiting: state.Transfer}) {
		if err != nil {
			return err
		}
		if !it.ID.IsZero() {
			continue
		}
		it.Refusal = &media.Refusal{
			Code:   media.RefusedUnlisted,
			Reason: "q2google knew it by this name only, and the source lists no original of that name; originals go by their own names",
		}
		it.Create = state.Skipped
		if err := r.saveItem(it); err != nil {
			return err
		}
		r.metrics.refused(it)
		r.emit(ItemEvent{Item: *it, Stage: state.Discovery, Status: state.Skipped})
	}
	return nil
}
