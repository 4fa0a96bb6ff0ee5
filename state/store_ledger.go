package state

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Recall returns the ledger's entry for an item at an account.
func (s *Store) Recall(ctx context.Context, account, key string) (*LedgerEntry, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if !storableText(account) || !storableText(key) {
		return nil, ErrNotFound
	}
	e, err := s.driver.Recall(ctx, account, key)
	if err == nil && e.Gone {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// Record adds entries to the ledger, all or none.
func (s *Store) Record(ctx context.Context, entries ...LedgerEntry) error {
	if err := s.usable(ctx); err != nil || len(entries) == 0 {
		return err
	}
	for _, e := range entries {
		if !storableText(e.Account) || !storableText(e.Key) {
			return refused("an entry of the ledger", fmt.Errorf("account %q or item %q is no valid UTF-8 or has a zero byte", e.Account, e.Key))
		}
	}
	return s.driver.Record(ctx, latest(entries))
}

// latest returns the last entry for each item and account, in an order that all
// writers share, so that none waits for one that waits for it.
func latest(entries []LedgerEntry) []LedgerEntry {
	byKey := func(a, b LedgerEntry) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key))
	}
	all := make([]LedgerEntry, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		all = append(all, e.Bounded())
	}
	slices.SortStableFunc(all, byKey)
	return slices.CompactFunc(all, func(a, b LedgerEntry) bool { return byKey(a, b) == 0 })
}
