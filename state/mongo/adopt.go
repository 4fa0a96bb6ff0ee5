package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// inReach selects the batch numbers that q2google counts to.
var inReach = pairs("$lt", state.FirstBatchIndex)

// adopt rewrites once what q2google wrote, before Gondola changes it. The
// header comes last and keeps its time: until then all is read as before, so
// that an interrupted adoption begins again.
func (s *session) adopt(ctx context.Context, h *header) error {
	all, err := s.survey(ctx, h)
	if err != nil {
		return err
	}
	if err := s.adoptItems(ctx, all); err != nil {
		return err
	}
	batches, err := s.adoptBatches(ctx)
	if err != nil {
		return err
	}
	row, err := h.row()
	if err == nil {
		err = s.putHeader(ctx, row.Document)
	}
	if err != nil {
		return err
	}
	s.b.o.Logger.Info("session of q2google taken over", "session", s.id, "items", len(all.entries), "batches", batches)
	return nil
}

// adoptItems writes every item that Gondola did not write, with what the stored
// answers say of it.
func (s *session) adoptItems(ctx context.Context, all *survey) error {
	stale := slices.DeleteFunc(slices.Clone(all.entries), func(e *entry) bool { return e.ours && e.seq == e.stored })
	for page := range slices.Chunk(stale, pageSize) {
		rows, err := all.read(ctx, s, page)
		if err != nil {
			return err
		}
		bySeq := map[int64]driver.Row{}
		for _, row := range rows {
			bySeq[row.Seq] = row
		}
		var models []mongo.WriteModel
		for _, e := range page {
			row, ok := bySeq[e.seq]
			if !ok {
				continue // deleted meanwhile
			}
			doc, err := itemDocument(s.id, row)
			if err != nil {
				return err
			}
			models = append(models, mongo.NewReplaceOneModel().SetFilter(pairs(fieldID, e.id)).SetReplacement(doc))
		}
		if len(models) == 0 {
			continue
		}
		if _, err := s.b.items().BulkWrite(ctx, models); err != nil {
			return err
		}
	}
	return nil
}

// adoptBatches moves q2google's finished batches beyond the numbers it counts
// to, so that it never takes a waiting batch for a finished one, each in its
// own document. It returns how many batches there are.
func (s *session) adoptBatches(ctx context.Context) (n int, err error) {
	taken := map[int]bool{}
	for after := int64(minIndex); ; {
		page, err := s.decodedBatches(ctx, after)
		if err != nil {
			return n, err
		}
		for _, batch := range page {
			taken[batch.Index] = true
			after = int64(batch.Index)
		}
		if n += len(page); len(page) < batchPage {
			break
		}
	}
	for _, index := range sortedKeys(taken) {
		if index >= state.FirstBatchIndex {
			break
		}
		batch, err := s.batch(ctx, index)
		if err != nil {
			return n, err
		}
		if batch.Status == state.Completed {
			for batch.Index += state.FirstBatchIndex; taken[batch.Index]; batch.Index++ {
			}
			taken[batch.Index] = true
		}
		doc, err := s.batchDocument(batch)
		if err != nil {
			return n, err
		}
		if _, err := s.b.batches().ReplaceOne(ctx, pairs(fieldSession, s.id, fieldBatch, index), doc); err != nil {
			return n, err
		}
	}
	return n, nil
}
