package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/driver"
)

// Update makes one change of a session, looking anew if another process came
// between. What q2google left is rewritten first. Items are stored by one bulk
// write after one question; a server that stops in its midst leaves the first of
// them stored.
func (b *store) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	s := b.session(id)
	err := s.inTurn(ctx, "store", func(ctx context.Context) (err error) {
		for range 3 {
			if err = s.attempt(ctx, do); !errors.Is(err, errForeign) && !mongo.IsDuplicateKeyError(err) {
				break
			}
			s.forget()
		}
		if err != nil && !known(err) {
			s.forget() // whatever was left half done is looked for
		}
		return err
	})
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %w", driver.ErrConflict, err)
	}
	return err
}

func (s *session) attempt(ctx context.Context, do func(driver.Tx) error) error {
	err := s.settle(ctx)
	if err != nil && !errors.Is(err, driver.ErrNotFound) {
		return err
	}
	return do(&update{session: s, ctx: ctx, stored: err == nil})
}

// update is a change under way.
type update struct {
	*session
	ctx    context.Context
	stored bool              // the session is
	there  map[int64]*stored // documents that were looked up, by Seq
}

// errForeign says that q2google has written an item meanwhile.
var errForeign = errors.New("q2google writes to the session; stop it, then run the same command again")

// Lookup returns the documents that hold one of the keys, names or Seqs.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	if !u.stored {
		return found, driver.ErrNotFound
	}
	var any bson.A
	for field, values := range map[string]bson.A{fieldKey: array(refs.Keys), fieldFile: array(refs.Names), fieldSeq: array(refs.Seqs)} {
		if len(values) > 0 {
			any = append(any, pairs(fieldSession, u.id, field, pairs("$in", values)))
		}
	}
	var docs []*stored
	cursor, err := u.b.items().Find(u.ctx, pairs("$or", any), options.Find().SetProjection(pairs(fieldFile, 1, fieldKey, 1, fieldSeq, 1)))
	if err == nil {
		err = cursor.All(u.ctx, &docs)
	}
	u.there = map[int64]*stored{}
	for _, e := range docs {
		if e.Gondola.Seq == 0 {
			return found, errForeign
		}
		u.there[e.Gondola.Seq] = e
		found.Rows = append(found.Rows, driver.Row{Seq: e.Gondola.Seq, Key: e.Gondola.ID, Name: e.Name})
	}
	if err == nil && refs.Adding {
		found.Last, err = u.lastSeq(u.ctx)
	}
	return found, err
}

func array[T any](list []T) bson.A {
	a := make(bson.A, len(list))
	for i, v := range list {
		a[i] = v
	}
	return a
}

// Write stores a header, items and batches. A new session is made free of what an
// interrupted deletion may have left.
func (u *update) Write(w driver.Write) error {
	if w.Header == nil && !u.stored {
		return driver.ErrNotFound
	}
	if w.Header != nil {
		if !u.stored {
			if err := u.clear(u.ctx); err != nil {
				return err
			}
		}
		if err := u.putHeader(u.ctx, w.Header.Document); err != nil {
			return err
		}
	}
	if err := u.putItems(w.Items); err != nil {
		return err
	}
	for _, b := range w.Batches {
		if err := u.putBatch(u.ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (u *update) putItems(changes []driver.Change) error {
	var puts []*put
	last := int64(0)
	for _, c := range changes {
		doc, err := itemDocument(u.id, c.Row)
		if err != nil {
			return err
		}
		p := &put{name: c.Name, seq: c.Seq, doc: doc}
		if c.Before != nil {
			p.e = u.there[c.Seq]
		} else {
			last = max(last, c.Seq)
		}
		puts = append(puts, p)
	}
	if len(puts) == 0 {
		return nil
	}
	if _, err := u.b.items().BulkWrite(u.ctx, u.models(order(puts))); err != nil {
		return err
	}
	if last > 0 {
		u.setLastSeq(last)
	}
	return nil
}

// models returns the steps as the server is told them, in order.
func (s *session) models(steps []write) []mongo.WriteModel {
	models := make([]mongo.WriteModel, len(steps))
	for i, w := range steps {
		if e := w.put.e; e != nil {
			models[i] = mongo.NewReplaceOneModel().SetFilter(pairs(fieldID, e.ID)).SetReplacement(w.doc)
			continue
		}
		// The _id keeps two processes from giving one Seq to two items.
		id := bson.E{Key: fieldID, Value: fmt.Sprintf("%s/%d", s.id, w.put.seq)}
		models[i] = mongo.NewInsertOneModel().SetDocument(append(bson.D{id}, w.doc...))
	}
	return models
}

func (s *session) putBatch(ctx context.Context, b driver.Batch) error {
	filter := pairs(fieldSession, s.id, fieldBatch, b.Index)
	if b.Document == nil {
		_, err := s.b.batches().DeleteOne(ctx, filter)
		return err
	}
	doc, err := document(s.id, b.Document)
	if err != nil {
		return s.refused(err)
	}
	return upsert(ctx, s.b.batches(), filter, doc)
}

func (s *session) putHeader(ctx context.Context, document []byte) error {
	doc, err := toBSON(document)
	if err != nil {
		return s.refused(err)
	}
	doc = slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == fieldID })
	return upsert(ctx, s.b.headers(), pairs(fieldSession, s.id), doc)
}
