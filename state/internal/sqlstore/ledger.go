package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/gondola-sync/gondola/state/driver"
)

// Recall returns the ledger's entry for an item at an account.
func (s *Store) Recall(ctx context.Context, account, key string) (e driver.LedgerEntry, err error) {
	entry, err := one(ctx, s, "ask the ledger", "SELECT entry FROM gondola.ledger WHERE account = $1 AND key = $2", []any{account, key}, scalar[[]byte])
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(entry, &e); err != nil {
		return e, s.db.Damaged("the ledger's entry for "+key, err)
	}
	return e, nil
}

// Record adds entries to the ledger, all or none.
func (s *Store) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	return s.Change(ctx, "record in the ledger", How{}, func(tx Tx) error {
		for _, e := range entries {
			entry, err := json.Marshal(e)
			if err != nil {
				return s.db.Damaged("an entry of the ledger that is to be recorded", err)
			}
			tx.Exec(`INSERT INTO gondola.ledger (account, key, entry) VALUES ($1, $2, $3::json)
				ON CONFLICT (account, key) DO UPDATE SET entry = excluded.entry`, e.Account, e.Key, string(entry))
		}
		return nil
	})
}
