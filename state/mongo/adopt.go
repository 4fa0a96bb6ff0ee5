package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// inReach selects the batch numbers that q2google counts to.
var inReach = pairs("$lt", state.FirstBatchIndex)

// adopt rewrites once what q2google wrote, before Gondola changes it. The header
// comes last and keeps its time: until then all is read as before, so that an
// interrupted adoption begins again.
func (s session) adopt(ctx context.Context, header bson.Raw) error {
	v, err := s.readView(ctx, header)
	if err != nil {
		return err
	}
	if err := v.adoptItems(ctx); err != nil {
		return err
	}
	if err := s.adoptBatches(ctx); err != nil {
		return err
	}
	h, err := decodeHeader(header)
	if err != nil {
		return err
	}
	document, err := q2google.EncodeSession(h)
	if err == nil {
		err = s.putHeader(ctx, document)
	}
	if err == nil {
		s.b.o.Logger.Info("session of q2google taken over", "session", s.id, "items", len(v.entries))
	}
	return err
}

// adoptItems writes every item that Gondola did not write, with what the stored
// answers say of it.
func (v *view) adoptItems(ctx context.Context) error {
	var stale []driver.Row
	for _, e := range v.entries {
		if e.stale {
			stale = append(stale, e.Row)
		}
	}
	for page := range slices.Chunk(stale, pageSize) {
		rows, err := v.complete(ctx, page)
		if err != nil {
			return err
		}
		var models []mongo.WriteModel
		for _, row := range rows {
			doc, err := itemDocument(v.id, row)
			if err != nil {
				return err
			}
			models = append(models, mongo.NewReplaceOneModel().SetFilter(pairs(fieldSession, v.id, fieldFile, row.Name)).SetReplacement(doc))
		}
		if len(models) == 0 {
			continue
		}
		if _, err := v.b.items().BulkWrite(ctx, models); err != nil {
			return err
		}
	}
	return nil
}

// adoptBatches moves q2google's finished batches beyond the numbers it counts to,
// so that it never takes a waiting batch for a finished one, each in its own
// document.
func (s session) adoptBatches(ctx context.Context) error {
	var all []struct {
		Index int `bson:"batch_index"`
	}
	if err := find(ctx, s.b.batches(), pairs(fieldSession, s.id), &all, options.Find().SetProjection(pairs(fieldBatch, 1)).SetSort(pairs(fieldBatch, 1))); err != nil {
		return err
	}
	taken := map[int]bool{}
	for _, b := range all {
		taken[b.Index] = true
	}
	for _, b := range all {
		if b.Index >= state.FirstBatchIndex {
			break
		}
		if err := s.adoptBatch(ctx, b.Index, taken); err != nil {
			return err
		}
	}
	return nil
}

func (s session) adoptBatch(ctx context.Context, index int, taken map[int]bool) error {
	page, err := s.batchPage(ctx, int64(index)-1, 1)
	if err != nil || len(page) == 0 || page[0].Index != int64(index) {
		return err
	}
	batch, err := decodeBatch(page[0])
	if err != nil {
		return err
	}
	if batch.Status == state.Completed {
		for batch.Index += state.FirstBatchIndex; taken[batch.Index]; batch.Index++ {
		}
		taken[batch.Index] = true
	}
	document, err := q2google.EncodeBatch(batch)
	if err != nil {
		return s.refused(err)
	}
	doc, err := s.document(document)
	if err == nil {
		_, err = s.b.batches().ReplaceOne(ctx, pairs(fieldSession, s.id, fieldBatch, index), doc)
	}
	return err
}
