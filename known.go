package gondola

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// known returns the session's item of the same file as the listed one, or
// state.ErrNotFound. A source may list a file once by its part alone and once, in
// other company, by its object too: the listed item gets the ID under which the
// session has it, or one that no other file of the session has.
func (r *run) known(ctx context.Context, listed *media.Item) (*state.Item, error) {
	it, err := r.opt.Backend.Item(ctx, r.id, listed.ID.Key())
	if listed.Object == "" || err == nil && it.Object == listed.Object || err != nil && !errors.Is(err, state.ErrNotFound) {
		return it, err
	}
	other := listed.ID.Of(listed.Object)
	if other == listed.ID {
		other = listed.ID.Plain()
	}
	twin, twinErr := r.opt.Backend.Item(ctx, r.id, other.Key())
	switch {
	case twinErr == nil && twin.Object == listed.Object:
		listed.ID = other
		return twin, nil
	case twinErr != nil && !errors.Is(twinErr, state.ErrNotFound):
		return nil, twinErr
	case err == nil && it.Object == "":
		return it, nil // of a version that knew no objects, or of a file that needs none
	}
	if err == nil {
		listed.ID = other
	}
	return nil, state.ErrNotFound
}

// inLedger returns what the ledger knows of an item: by its object if it has one,
// or else by the ID alone, as earlier versions wrote it.
func (r *run) inLedger(ctx context.Context, item *media.Item) (*state.LedgerEntry, error) {
	entry, err := r.opt.Backend.Recall(ctx, r.account, item.LedgerKey())
	if errors.Is(err, state.ErrNotFound) && item.LedgerKey() != item.ID.Key() {
		return r.opt.Backend.Recall(ctx, r.account, item.ID.Key())
	}
	return entry, err
}
