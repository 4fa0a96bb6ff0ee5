package mongo

import (
	"context"
	"encoding/json"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state/driver"
)

// Recall returns the ledger's entry for an item at an account.
func (b *store) Recall(ctx context.Context, account, key string) (entry driver.LedgerEntry, err error) {
	err = b.ask(ctx, "look into the ledger", func(ctx context.Context) error {
		var raw bson.Raw
		if err := findOne(ctx, b.ledger(), pairs(fieldAccount, account, fieldItem, key), &raw); err != nil {
			return err
		}
		data, where, err := jsonOf(ledgerName, raw)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &entry); err != nil {
			return corrupt(where, err)
		}
		return nil
	})
	return entry, err
}

// Record adds entries to the ledger in one bulk write.
func (b *store) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	var models []mongo.WriteModel
	for _, e := range entries {
		data, err := json.Marshal(e)
		if err != nil {
			return broken("record "+e.Key, err, "")
		}
		doc, err := toBSON(data)
		if err != nil {
			return broken("record "+e.Key, err, "")
		}
		models = append(models, mongo.NewReplaceOneModel().SetFilter(pairs(fieldAccount, e.Account, fieldItem, e.Key)).SetReplacement(doc).SetUpsert(true))
	}
	return b.call(ctx, "write to the ledger", func(ctx context.Context) error {
		if err := b.prepare(ctx); err != nil {
			return err
		}
		return again(func() error {
			_, err := b.ledger().BulkWrite(ctx, slices.Clone(models))
			return err
		})
	})
}
