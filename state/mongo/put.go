package mongo

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
)

// PutItems stores items: one that is there under the same name in one write,
// others after one question in one bulk write.
func (b *Backend) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, "store items of", func(ctx context.Context) error {
		if len(items) == 0 {
			return nil
		}
		if len(items) == 1 {
			if done, err := s.replace(ctx, items[0]); done || err != nil {
				return err
			}
		}
		err := s.put(ctx, items)
		if err != nil && !known(err) {
			s.forget() // whatever was left half done is looked for
		}
		return err
	})
}

// replace stores an item whose document has its identity, name and Seq already,
// and reports whether there is one.
func (s *session) replace(ctx context.Context, it *state.Item) (bool, error) {
	if it.ID.IsZero() || it.Seq <= 0 {
		return false, nil
	}
	doc, err := itemDocument(s.id, it, it.Seq)
	if err != nil {
		return false, err
	}
	r, err := s.b.items().ReplaceOne(ctx, pairs(fieldSession, s.id, fieldKey, it.ID.Key(), fieldFile, it.Name, fieldSeq, it.Seq), doc)
	return err == nil && r.MatchedCount == 1, err
}

// put stores items, looking anew if another process came between.
func (s *session) put(ctx context.Context, items []*state.Item) error {
	var err error
	for range 3 {
		var puts []*put
		puts, err = s.plan(ctx, items)
		if errors.Is(err, errForeign) {
			s.forget()
			if err = s.settle(ctx); err != nil {
				return err
			}
			puts, err = s.plan(ctx, items)
		}
		if err != nil {
			return err
		}
		if err = s.write(ctx, order(puts)); !mongo.IsDuplicateKeyError(err) {
			if err == nil {
				s.stored(items, puts)
			}
			return err
		}
		s.setLastSeq(0)
	}
	return err
}

// errForeign says that q2google has written an item meanwhile.
var errForeign = errors.New("q2google writes to the session; stop it, then run the same command again")

func (s *session) plan(ctx context.Context, items []*state.Item) ([]*put, error) {
	there, err := s.lookUp(ctx, items)
	if err != nil {
		return nil, err
	}
	for _, e := range there {
		if e.Gondola.Seq == 0 {
			return nil, errForeign
		}
	}
	last, err := s.lastSeq(ctx)
	if err != nil {
		return nil, err
	}
	return plan(s.id, items, there, last)
}

// lookUp returns the documents that hold an item's identity, name or Seq.
func (s *session) lookUp(ctx context.Context, items []*state.Item) ([]*stored, error) {
	keys, names, seqs := bson.A{}, bson.A{}, bson.A{}
	for _, it := range items {
		if utf8.ValidString(it.Name) { // others are refused by plan
			names = append(names, it.Name)
		}
		if !it.ID.IsZero() {
			keys = append(keys, it.ID.Key())
		}
		if it.Seq > 0 {
			seqs = append(seqs, it.Seq)
		}
	}
	var any bson.A
	for field, values := range map[string]bson.A{fieldKey: keys, fieldFile: names, fieldSeq: seqs} {
		if len(values) > 0 {
			any = append(any, pairs(fieldSession, s.id, field, pairs("$in", values)))
		}
	}
	var there []*stored
	if len(any) == 0 {
		return there, nil
	}
	cursor, err := s.b.items().Find(ctx, pairs("$or", any), options.Find().SetProjection(pairs(fieldFile, 1, fieldKey, 1, fieldSeq, 1)))
	if err == nil {
		err = cursor.All(ctx, &there)
	}
	return there, err
}

// write makes the steps in order.
func (s *session) write(ctx context.Context, steps []write) error {
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
	_, err := s.b.items().BulkWrite(ctx, models)
	return err
}

// stored tells the items their Seq, and remembers the last one.
func (s *session) stored(items []*state.Item, puts []*put) {
	byKey := map[string]int64{}
	last := int64(0)
	for _, p := range puts {
		byKey[keyOf(p.it)] = p.seq
		if p.e == nil {
			last = p.seq
		}
	}
	for _, it := range items {
		it.Seq = byKey[keyOf(it)]
	}
	if last > 0 {
		s.setLastSeq(last)
	}
}
