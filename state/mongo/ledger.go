package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// Recall returns the ledger's entry for an item at an account.
func (b *Backend) Recall(ctx context.Context, account, key string) (*state.LedgerEntry, error) {
	entry := &state.LedgerEntry{}
	err := b.call(ctx, "look into the ledger", func(ctx context.Context) error {
		raw, err := b.ledger().FindOne(ctx, pairs(fieldAccount, account, fieldItem, key)).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return state.ErrNotFound
		}
		if err != nil {
			return err
		}
		data, err := toJSON(raw, fieldID)
		if err == nil {
			err = json.Unmarshal(data, entry)
		}
		if err != nil {
			return corrupt(ledgerName, raw, err)
		}
		return nil
	})
	if err == nil && entry.Gone {
		err = state.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return entry, nil
}

// Record adds entries to the ledger in one bulk write.
func (b *Backend) Record(ctx context.Context, entries ...state.LedgerEntry) error {
	var models []mongo.WriteModel
	for _, e := range entries {
		data, err := json.Marshal(e.Bounded())
		var doc bson.D
		if err == nil {
			doc, err = toBSON(data)
		}
		if err != nil {
			return &fault.Error{Class: fault.Session, Code: fault.State, Op: "record " + e.Key, Err: err}
		}
		models = append(models, mongo.NewReplaceOneModel().SetFilter(pairs(fieldAccount, e.Account, fieldItem, e.Key)).SetReplacement(doc).SetUpsert(true))
	}
	return b.call(ctx, "write to the ledger", func(ctx context.Context) error {
		if len(models) == 0 {
			return nil
		}
		if err := b.prepare(ctx); err != nil {
			return err
		}
		var err error
		for range 3 { // two processes may record the same item at once
			if _, err = b.ledger().BulkWrite(ctx, slices.Clone(models)); !mongo.IsDuplicateKeyError(err) {
				break
			}
		}
		return err
	})
}
