package discover

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Known is what is stored of a session and of its account.
type Known interface {
	Item(ctx context.Context, key string) (*state.Item, error)
	ItemNamed(ctx context.Context, name string) (*state.Item, error)
	Recall(ctx context.Context, key string) (*state.LedgerEntry, error)
}

// Lookup gathers what is known of listed items.
type Lookup struct {
	Known   Known
	Foreign bool // the session knows items by name only
	Refuse  func(media.Item) *media.Refusal
	// Recaller, if not nil, knows what the destination holds instead of the ledger.
	Recaller station.Recaller
	// Digester, if not nil, identifies the bytes of listed items.
	Digester station.Digester
	// Filing says into which albums items go that are at the destination already.
	Filing filing.Plan
}

// Facts returns what is known of a listed item. The item may come back under
// another ID: see Held.
func (l *Lookup) Facts(ctx context.Context, listed media.Item) (f decide.Facts, err error) {
	if listed.Refusal == nil {
		listed.Refusal = l.Refuse(listed)
	}
	f.Listed = listed
	f.Wants = l.Filing.Albums(&listed)
	if f.Held, err = absent(l.Held(ctx, &f.Listed)); f.Held != nil || err != nil {
		if f.Held != nil {
			f.Had = l.Filing.Albums(&f.Held.Item)
		}
		return f, err
	}
	if f.Named, err = l.named(ctx, f.Listed); err != nil {
		return f, err
	}
	if f.Listed.Refusal == nil {
		f.Ledger, err = absent(l.inLedger(ctx, &f.Listed))
	}
	if err == nil && f.Listed.Refusal == nil && l.Digester != nil && !f.There() {
		err = l.bySameBytes(ctx, &f)
	}
	return f, err
}

// absent returns nil without an error for what is not found.
func absent[T any](found *T, err error) (*T, error) {
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return found, err
}

// Held returns the session's item of the same file as the listed one, or
// state.ErrNotFound. A source may list a file once by its part alone and once, in
// other company, by its object too: the listed item gets the ID under which the
// session has it, or one that no other file of the session has.
func (l *Lookup) Held(ctx context.Context, listed *media.Item) (*state.Item, error) {
	it, err := l.Known.Item(ctx, listed.ID.Key())
	if listed.Object == "" || err == nil && it.Object == listed.Object || err != nil && !errors.Is(err, state.ErrNotFound) {
		return it, err
	}
	other := listed.ID.Of(listed.Object)
	if other == listed.ID {
		other = listed.ID.Plain()
	}
	twin, twinErr := l.Known.Item(ctx, other.Key())
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
func (l *Lookup) inLedger(ctx context.Context, item *media.Item) (*state.LedgerEntry, error) {
	if l.Recaller != nil {
		return l.recalled(ctx, item)
	}
	entry, err := l.Known.Recall(ctx, item.LedgerKey())
	if errors.Is(err, state.ErrNotFound) && item.LedgerKey() != item.ID.Key() {
		return l.Known.Recall(ctx, item.ID.Key())
	}
	return entry, err
}

// recalled returns what the destination itself knows of an item.
func (l *Lookup) recalled(ctx context.Context, item *media.Item) (*state.LedgerEntry, error) {
	held, err := l.Recaller.Recall(ctx, *item)
	if held == nil || err != nil {
		return nil, err
	}
	return &state.LedgerEntry{
		Key: item.LedgerKey(), DestinationID: held.ID, Version: held.Version,
		SHA256: held.SHA256, Size: held.Size, At: held.At,
	}, nil
}
