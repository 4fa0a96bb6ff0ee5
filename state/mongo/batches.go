package mongo

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
)

const (
	batchPage = 32 // batches read at a time; one holds 50 answers
	minIndex  = math.MinInt32
)

// Batches iterates the session's batches by index.
func (b *Backend) Batches(ctx context.Context, id string) iter.Seq2[*state.Batch, error] {
	return func(yield func(*state.Batch, error) bool) {
		s, err := b.session(ctx, id)
		if err == nil {
			err = b.call(ctx, s.op("read batches of"), func(ctx context.Context) error {
				_, err := s.header(ctx)
				return err
			})
		}
		for after := int64(minIndex); err == nil; {
			var page []*state.Batch
			err = b.call(ctx, s.op("read batches of"), func(ctx context.Context) (err error) {
				page, err = s.batchPage(ctx, after)
				return err
			})
			for _, batch := range page {
				after = int64(batch.Index)
				if !yield(batch, nil) {
					return
				}
			}
			if len(page) < batchPage {
				break
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// batchPage returns the next batches after an index.
func (s *session) batchPage(ctx context.Context, after int64) ([]*state.Batch, error) {
	cursor, err := s.b.batches().Find(ctx, pairs(fieldSession, s.id, fieldBatch, pairs("$gt", after)),
		options.Find().SetSort(pairs(fieldBatch, 1)).SetLimit(batchPage))
	if err != nil {
		return nil, err
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	var page []*state.Batch
	for _, raw := range docs {
		batch, err := decodeBatch(raw)
		if err != nil {
			return nil, err
		}
		page = append(page, batch)
	}
	return page, nil
}

func (s *session) batch(ctx context.Context, index int) (*state.Batch, error) {
	raw, err := s.b.batches().FindOne(ctx, pairs(fieldSession, s.id, fieldBatch, index)).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, state.ErrNotFound
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
	return nil, corrupt(batchesName, raw, err)
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

// PutBatch stores a batch.
func (b *Backend) PutBatch(ctx context.Context, id string, batch *state.Batch) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, "store a batch of", func(ctx context.Context) error {
		doc, err := s.batchDocument(batch)
		if err != nil {
			return err
		}
		return upsert(ctx, b.batches(), pairs(fieldSession, id, fieldBatch, batch.Index), doc)
	})
}

// DeleteBatch removes a batch.
func (b *Backend) DeleteBatch(ctx context.Context, id string, index int) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, "delete a batch of", func(ctx context.Context) error {
		_, err := b.batches().DeleteOne(ctx, pairs(fieldSession, id, fieldBatch, index))
		return err
	})
}

func sortedKeys[T any](m map[int]T) []int { return slices.Sorted(maps.Keys(m)) }
