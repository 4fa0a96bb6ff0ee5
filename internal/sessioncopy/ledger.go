package sessioncopy

import (
	"cmp"
	"context"
	"errors"
	"time"

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
		entry, err := c.ledgerEntry(ctx, it)
		if err != nil {
			return err
		}
		if entry != nil {
			entries = append(entries, *entry)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return c.to.Record(ctx, entries...)
}

// ledgerEntry returns what the new ledger does not know of an item yet, or nil.
func (c *copier) ledgerEntry(ctx context.Context, it *state.Item) (*state.LedgerEntry, error) {
	if it.Refusal != nil || it.Awaits() != "" || it.DestinationID == "" || it.ID.IsZero() {
		return nil, nil
	}
	key := it.LedgerKey()
	if _, err := c.to.Recall(ctx, c.session.Account, key); !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	known, err := c.from.Recall(ctx, c.session.Account, key)
	if !errors.Is(err, state.ErrNotFound) {
		return known, err
	}
	at := it.RegisteredAt
	if at.IsZero() {
		at = cmp.Or(c.session.UpdatedAt, time.Now()).UTC()
	}
	return &state.LedgerEntry{
		Account: c.session.Account, Key: key, DestinationID: it.DestinationID,
		SHA256: it.SHA256, Size: it.Carried, Session: c.session.ID, At: at,
	}, nil
}
