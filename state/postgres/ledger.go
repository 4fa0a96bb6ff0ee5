package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state/driver"
)

// Recall returns the ledger's entry for an item at an account.
func (b *db) Recall(ctx context.Context, account, key string) (e driver.LedgerEntry, err error) {
	found, err := query(ctx, b, "ask the ledger", pgx.RowTo[[]byte], `SELECT entry FROM gondola.ledger WHERE account = $1 AND key = $2`, account, key)
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(found[0], &e); err != nil {
		return e, b.Damaged("the ledger's entry for "+key, err)
	}
	return e, nil
}

// Record adds entries to the ledger, all or none. Entries that several record at
// once for one item are in no order.
func (b *db) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	const op = "record in the ledger"
	var accounts, keys, documents []string
	for _, e := range entries {
		document, err := json.Marshal(e)
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
