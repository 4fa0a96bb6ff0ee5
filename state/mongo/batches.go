package mongo

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

const (
	batchPage = 32 // batches read at a time; one holds 50 answers
	minIndex  = math.MinInt32
)

// Batches returns the next batches.
func (b *store) Batches(ctx context.Context, id string, after int64, limit int) (page []driver.Batch, err error) {
	s := b.session(id)
	err = b.call(ctx, s.op("read batches of"), func(ctx context.Context) (err error) {
		if page, err = s.batchPage(ctx, max(after, minIndex), limit); err == nil && len(page) == 0 {
			_, err = s.header(ctx)
		}
		return err
	})
	return page, err
}

// batchPage returns the next batches after an index.
func (s *session) batchPage(ctx context.Context, after int64, limit int) ([]driver.Batch, error) {
	cursor, err := s.b.batches().Find(ctx, pairs(fieldSession, s.id, fieldBatch, pairs("$gt", after)),
		options.Find().SetSort(pairs(fieldBatch, 1)).SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	var page []driver.Batch
	for _, raw := range docs {
		batch := driver.Batch{Where: place(batchesName, raw)}
		batch.Index, _ = raw.Lookup(fieldBatch).AsInt64OK()
		if batch.Document, err = toJSON(raw, notInJSON...); err != nil {
			return nil, corrupt(batch.Where, err)
		}
		page = append(page, batch)
	}
	return page, nil
}

// decodedBatches returns the next batches, at most batchPage.
func (s *session) decodedBatches(ctx context.Context, after int64) ([]*state.Batch, error) {
	page, err := s.batchPage(ctx, after, batchPage)
	var batches []*state.Batch
	for _, row := range page {
		batch, err := state.DecodeBatch(row.Document)
		if err != nil {
			return nil, corrupt(row.Where, err)
		}
		batches = append(batches, batch)
	}
	return batches, err
}

func (s *session) batch(ctx context.Context, index int) (*state.Batch, error) {
	raw, err := s.b.batches().FindOne(ctx, pairs(fieldSession, s.id, fieldBatch, index)).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, driver.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decodeBatch(raw)
}

func decodeBatch(raw bson.Raw) (*state.Batch, error) {
	data, err := toJSON(raw, notInJSON...)
	if err == nil {
		var batch *state.Batch
		if batch, err = state.DecodeBatch(data); err == nil {
			return batch, nil
		}
	}
	return nil, corrupt(place(batchesName, raw), err)
}

func (s *session) batchDocument(batch *state.Batch) (bson.D, error) {
	data, err := state.EncodeBatch(batch)
	if err != nil {
		return nil, s.refused(err)
	}
	doc, err := document(s.id, data)
	if err != nil {
		return nil, s.refused(err)
	}
	return doc, nil
}

func sortedKeys[T any](m map[int]T) []int { return slices.Sorted(maps.Keys(m)) }
