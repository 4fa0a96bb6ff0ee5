package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

// Recall returns the ledger's entry for an item at an account.
func (b *db) Recall(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	e := driver.LedgerEntry{Account: account, Key: key}
	outdated, err := b.isOutdated(ctx)
	if err != nil {
		return e, err
	}
	query := "SELECT destination_id, sha256, size, version, session, at, gone FROM ledger WHERE account = ? AND key = ?"
	if outdated {
		query = "SELECT destination_id, sha256, size, '', session, at, gone FROM ledger WHERE account = ? AND key = ?"
	}
	var at string
	err = b.one(ctx, "ask the ledger in", query, []any{account, key}, &e.DestinationID, &e.SHA256, &e.Size, &e.Version, &e.Session, &at, &e.Gone)
	if err != nil {
		return e, err
	}
	if e.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		err = b.Damaged(fmt.Sprintf("the ledger's entry for %s", key), err)
	}
	return e, err
}

// Record adds entries to the ledger, in one transaction.
func (b *db) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	return b.write(ctx, "record in the ledger in", func(t *tx) error {
		for _, e := range entries {
			at, err := e.At.MarshalText()
			if err != nil {
				return err
			}
			err = t.exec(`INSERT INTO ledger (account, key, destination_id, sha256, size, version, session, at, gone) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (account, key) DO UPDATE SET destination_id = excluded.destination_id, sha256 = excluded.sha256,
					size = excluded.size, version = excluded.version, session = excluded.session, at = excluded.at, gone = excluded.gone`,
				e.Account, e.Key, e.DestinationID, e.SHA256, e.Size, e.Version, e.Session, string(at), e.Gone)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
