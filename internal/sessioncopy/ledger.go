package sessioncopy

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/state"
)

// enterLedger lets the ledger of the new store know what items of the session
// have brought to its destination, so that no other session there carries it
// again. What that ledger knows already stays; what the ledger of the session's
// own store knows counts more than the session. A Foreign session
// does not tell the account, nor which files its items are: its next sync enters
// them.
func (c *copier) enterLedger(ctx context.Context, items []*state.Item) error {
	if c.session.Account == "" {
		return nil
	}
	var entries []state.LedgerEntry
	for _, it := range items {
		unknown, err := c.ledgerEntries(ctx, it)
		if err != nil {
			return err
		}
		entries = append(entries, unknown...)
	}
	if len(entries) == 0 {
		return nil
	}
	return c.to.Record(ctx, entries...)
}

// ledgerEntries returns what the new ledger does not know of an item yet.
func (c *copier) ledgerEntries(ctx context.Context, it *state.Item) (unknown []state.LedgerEntry, err error) {
	if it.Refusal != nil || it.Awaits() != "" || it.DestinationID == "" || it.ID.IsZero() {
		return nil, nil
	}
	for _, entry := range lifecycle.LedgerEntries(it) {
		if _, err := c.to.Recall(ctx, c.session.Account, entry.Key); err == nil {
			continue
		} else if !errors.Is(err, state.ErrNotFound) {
			return nil, err
		}
		known, err := c.from.Recall(ctx, c.session.Account, entry.Key)
		switch {
		case errors.Is(err, state.ErrNotFound):
			unknown = append(unknown, c.fromSession(it, entry))
		case err != nil:
			return nil, err
		default:
			unknown = append(unknown, *known)
		}
	}
	return unknown, nil
}

// fromSession completes an entry that is made of what the session says of an item.
func (c *copier) fromSession(it *state.Item, entry state.LedgerEntry) state.LedgerEntry {
	entry.Account, entry.Session, entry.Version = c.session.Account, c.session.ID, ""
	if entry.At = it.RegisteredAt; entry.At.IsZero() {
		entry.At = cmp.Or(c.session.UpdatedAt, time.Now()).UTC()
	}
	return entry
}
