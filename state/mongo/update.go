package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// Update makes one change of a session, looking anew if another process came
// between. What q2google left is rewritten first. Items are stored by one bulk
// write after one question; a server that stops in its midst leaves the first of
// them stored.
func (b *store) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	s := b.session(id)
	err := s.change(ctx, "store", func(ctx context.Context) error {
		return again(func() error {
			err := s.attempt(ctx, do)
			if err != nil && !known(err) {
				s.forget() // whatever was left half done is looked for
			}
			return err
		})
	})
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %w", driver.ErrConflict, err)
	}
	return err
}

func (s session) attempt(ctx context.Context, do func(driver.Tx) error) error {
	err := s.settle(ctx)
	if err != nil && !errors.Is(err, driver.ErrNotFound) {
		return err
	}
	return do(&update{session: s, ctx: ctx, stored: err == nil})
}

// update is a change under way.
type update struct {
	session
	ctx    context.Context
	stored bool                    // the session is
	ids    map[int64]bson.RawValue // _id of documents that were looked up, by Seq
}

// errForeign says that another program has written an item meanwhile.
var errForeign = errors.New("q2google writes to the session; stop it, then run the same command again")

// stored is what a change needs to know of an item's document.
type stored struct {
	ID      bson.RawValue `bson:"_id"`
	Name    string        `bson:"file_name"`
	Gondola struct {
		ID  string // media.ID.Key; "" for an item known by name only
		Seq int64  // 0 in a document that q2google wrote
	}
}

// Lookup returns the documents that hold one of the keys, names or Seqs.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	if !u.stored {
		return found, driver.ErrNotFound
	}
	in := func(field string, values any) bson.D { return pairs(fieldSession, u.id, field, pairs("$in", values)) }
	filter := pairs("$or", bson.A{in(fieldKey, refs.Keys), in(fieldFile, refs.Names), in(fieldSeq, refs.Seqs)})
	var docs []stored
	err = find(u.ctx, u.b.items(), filter, &docs, options.Find().SetProjection(pairs(fieldFile, 1, fieldKey, 1, fieldSeq, 1)))
	u.ids = map[int64]bson.RawValue{}
	for _, e := range docs {
		if e.Gondola.Seq == 0 {
			return found, errForeign
		}
		u.ids[e.Gondola.Seq] = e.ID
		found.Rows = append(found.Rows, driver.Row{Seq: e.Gondola.Seq, Key: e.Gondola.ID, Name: e.Name})
	}
	if err == nil && refs.Adding {
		found.Last, err = u.lastSeq(u.ctx)
	}
	return found, err
}

// lastSeq returns the Seq of the item found last, 0 if there is none.
func (s session) lastSeq(ctx context.Context) (int64, error) {
	var last stored
	err := findOne(ctx, s.b.items(), pairs(fieldSession, s.id), &last,
		options.FindOne().SetSort(pairs(fieldSeq, -1)).SetProjection(pairs(fieldSeq, 1)))
	if errors.Is(err, driver.ErrNotFound) {
		err = nil
	}
	return last.Gondola.Seq, err
}

// Write stores items, batches and, last of all, a header. A new session is made
// free of what an interrupted deletion may have left.
func (u *update) Write(w driver.Write) error {
	switch {
	case u.stored:
	case w.Header == nil:
		return driver.ErrNotFound
	default:
		if err := remove(u.ctx, u.parts()[1:]); err != nil {
			return err
		}
	}
	err := u.putItems(w.Items)
	for _, b := range w.Batches {
		if err == nil {
			err = u.putBatch(u.ctx, b)
		}
	}
	if err == nil && w.Header != nil {
		err = u.putHeader(u.ctx, w.Header.Document)
	}
	return err
}

// putItems stores items: changed ones in the place of the documents of their
// names, then new ones.
func (u *update) putItems(changes []driver.Change) error {
	if len(changes) == 0 {
		return nil
	}
	var models []mongo.WriteModel
	replaced := int64(0)
	for _, step := range order(changes) {
		doc, err := step.document(u.id)
		if err != nil {
			return err
		}
		if step.from == "" {
			// The _id keeps two processes from giving one Seq to two items.
			id := bson.E{Key: fieldID, Value: fmt.Sprintf("%s/%d", u.id, step.Seq)}
			models = append(models, mongo.NewInsertOneModel().SetDocument(append(bson.D{id}, doc...)))
			continue
		}
		replaced++
		filter := pairs(fieldSession, u.id, fieldFile, step.from)
		if id, known := u.ids[step.Seq]; known {
			filter = append(filter, bson.E{Key: fieldID, Value: id})
		}
		models = append(models, mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(doc))
	}
	done, err := u.b.items().BulkWrite(u.ctx, models)
	if err == nil && done.MatchedCount < replaced {
		err = errForeign
	}
	return err
}

// itemDocument returns an item as it is stored, without _id.
func itemDocument(session string, r driver.Row) (bson.D, error) {
	doc, err := document(session, r.Document,
		fieldAwaits, r.Next, fieldOutcome, r.Outcome, fieldBytes, max(r.Size, 0), fieldCarried, r.Carried, fieldCaptured, r.Captured)
	if err != nil {
		return nil, state.Unstorable(&state.Item{Item: media.Item{Name: r.Name}}, err)
	}
	return doc, nil
}

// document returns a JSON document of a session's item or batch as it is
// stored, with further fields at the end.
func document(session string, data []byte, fields ...any) (bson.D, error) {
	d, err := toBSON(data)
	if err != nil {
		return nil, err
	}
	d = slices.DeleteFunc(d, func(e bson.E) bool { return slices.Contains(notInJSON, e.Key) })
	return slices.Concat(pairs(fieldSession, session), d, pairs(fields...)), nil
}

func (s session) putBatch(ctx context.Context, b driver.Batch) error {
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

func (s session) putHeader(ctx context.Context, document []byte) error {
	doc, err := toBSON(document)
	if err != nil {
		return s.refused(err)
	}
	doc = slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == fieldID })
	return upsert(ctx, s.b.headers(), pairs(fieldSession, s.id), doc)
}

// upsert replaces the document that filter names, or inserts it. That another
// process inserts it at the same time is no error.
func upsert(ctx context.Context, c *mongo.Collection, filter, doc bson.D) error {
	return again(func() error {
		_, err := c.ReplaceOne(ctx, filter, doc, options.Replace().SetUpsert(true))
		return err
	})
}

// again makes a change anew, twice at most, if another process came between.
func again(change func() error) (err error) {
	for range 3 {
		if err = change(); !errors.Is(err, errForeign) && !mongo.IsDuplicateKeyError(err) {
			break
		}
	}
	return err
}
