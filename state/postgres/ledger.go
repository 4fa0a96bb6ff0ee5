package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state"
)

// Recall returns the ledger's entry for an item at an account.
func (b *Backend) Recall(ctx context.Context, account, key string) (*state.LedgerEntry, error) {
	if !storable(account) || !storable(key) {
		return nil, notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, "ask the ledger", pgx.RowTo[[]byte], `SELECT entry FROM gondola.ledger WHERE account = $1 AND key = $2`, account, key)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, state.ErrNotFound
	}
	e := &state.LedgerEntry{}
	if err := json.Unmarshal(found[0], e); err != nil {
		return nil, b.damaged("the ledger's entry for "+key, err)
	}
	if e.Gone {
		return nil, state.ErrNotFound
	}
	return e, nil
}

// Record adds entries to the ledger, all or none. Entries that several record at
// once for one item are in no order.
func (b *Backend) Record(ctx context.Context, entries ...state.LedgerEntry) error {
	if len(entries) == 0 {
		return b.usable(ctx)
	}
	const op = "record in the ledger"
	var accounts, keys, documents []string
	for _, e := range latest(entries) {
		document, err := json.Marshal(e.Bounded())
		if err == nil && !(storable(e.Account) && storable(e.Key)) {
			err = fmt.Errorf("account %q, item %q: %w", e.Account, e.Key, errText)
		}
		if err != nil {
			return b.fault(op, err)
		}
		accounts, keys, documents = append(accounts, e.Account), append(keys, e.Key), append(documents, string(document))
	}
	return b.change(ctx, op, func(_ context.Context, t *tx) error {
		t.exec(`INSERT INTO gondola.ledger (account, key, entry)
			SELECT account, key, entry::json FROM unnest($1::text[], $2::text[], $3::text[]) AS new (account, key, entry)
			ON CONFLICT (account, key) DO UPDATE SET entry = excluded.entry`, accounts, keys, documents)
		return nil
	})
}

// latest returns the last entry for each item and account, in an order that all
// writers share, so that none waits for one that waits for it.
func latest(entries []state.LedgerEntry) []state.LedgerEntry {
	byKey := func(a, b state.LedgerEntry) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key))
	}
	all := slices.Clone(entries)
	slices.Reverse(all)
	slices.SortStableFunc(all, byKey)
	return slices.CompactFunc(all, func(a, b state.LedgerEntry) bool { return byKey(a, b) == 0 })
}
