package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/state"
)

// enterLedger lets the ledger of a backend know what an imported session has
// brought to its destination, so that no other session carries it again. What
// that ledger knows already stays; what the ledger of the session's own backend
// knows counts more than the session. A session that q2google wrote does not
// tell the account, nor which files its items are: its next sync enters them.
func enterLedger(ctx context.Context, from, to state.Backend, s *state.Session) error {
	if s.Account == "" {
		return nil
	}
	var entries []state.LedgerEntry
	for it, err := range from.Items(ctx, s.ID, state.ItemQuery{}) {
		if err != nil {
			return err
		}
		entry, err := ledgerEntry(ctx, from, to, s, it)
		if err != nil {
			return err
		}
		if entry == nil {
			continue
		}
		if entries = append(entries, *entry); len(entries) == importChunk {
			if err := to.Record(ctx, entries...); err != nil {
				return err
			}
			entries = entries[:0]
		}
	}
	return to.Record(ctx, entries...)
}

// ledgerEntry returns what the ledger does not know of an item yet, or nil.
func ledgerEntry(ctx context.Context, from, to state.Backend, s *state.Session, it *state.Item) (*state.LedgerEntry, error) {
	if it.Refusal != nil || it.Awaits() != "" || it.DestinationID == "" || it.ID.IsZero() {
		return nil, nil
	}
	key := it.ID.Key()
	if _, err := to.Recall(ctx, s.Account, key); !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	known, err := from.Recall(ctx, s.Account, key)
	if !errors.Is(err, state.ErrNotFound) {
		return known, err
	}
	at := it.RegisteredAt
	if at.IsZero() {
		at = cmp.Or(s.UpdatedAt, time.Now()).UTC()
	}
	return &state.LedgerEntry{
		Account: s.Account, Key: key, DestinationID: it.DestinationID,
		SHA256: it.SHA256, Size: it.Carried, Session: s.ID, At: at,
	}, nil
}
