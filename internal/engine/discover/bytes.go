package discover

import (
	"context"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// bySameBytes looks for an item by its bytes: it may have been carried under another
// identity, before it was moved or renamed. The item is read only if something of
// its size was carried. If it cannot be read now, its transfer says so.
func (l *Lookup) bySameBytes(ctx context.Context, f *decide.Facts) error {
	item := f.Listed
	if item.Size <= 0 {
		return nil
	}
	find := l.bytesInLedger
	if l.Recaller != nil {
		find = l.bytesRecalled
	}
	var unread error
	entry, err := absent(find(ctx, item.Size, func() (sum string, err error) {
		sum, err = l.Digester.Digest(ctx, item)
		unread = err
		return sum, err
	}))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case unread != nil || err == nil && entry == nil:
		return nil
	case err != nil:
		return err
	}
	entry.Key, entry.Version = item.LedgerKey(), item.Version
	f.Ledger = entry
	return nil
}

// bytesInLedger looks into the ledger of the store.
func (l *Lookup) bytesInLedger(ctx context.Context, size int64, digest func() (string, error)) (*state.LedgerEntry, error) {
	if _, err := l.Known.Recall(ctx, lifecycle.SizeKey(size)); err != nil {
		return nil, err
	}
	sum, err := digest()
	if err != nil {
		return nil, err
	}
	return l.Known.Recall(ctx, lifecycle.BytesKey(sum))
}

// bytesRecalled asks the destination. A file that the source still holds under its
// other identity was not moved, but copied: then both are carried.
func (l *Lookup) bytesRecalled(ctx context.Context, size int64, digest func() (string, error)) (*state.LedgerEntry, error) {
	held, err := l.Recaller.RecallBytes(ctx, size, digest)
	if held == nil || err != nil {
		return nil, err
	}
	if id, err := media.ParseKey(held.Key); err == nil && l.Digester.Has(ctx, id) {
		return nil, nil
	}
	return &state.LedgerEntry{DestinationID: held.ID, SHA256: held.SHA256, Size: held.Size, At: held.At}, nil
}
