package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// pageSize is how many items or headers are read at a time.
const pageSize = 100

// notInJSON are the members of a stored item or batch that its JSON document
// does not have.
var notInJSON = []string{fieldID, fieldSession, fieldAwaits, fieldOutcome, fieldBytes, fieldCarried, fieldCaptured, fieldRenaming}

func decodeItem(raw bson.Raw) (it *state.Item, ours bool, err error) {
	data, err := toJSON(raw, notInJSON...)
	if err == nil {
		it, ours, err = state.DecodeItem(data)
	}
	if err != nil {
		return nil, false, corrupt(place(itemsName, raw), err)
	}
	return it, ours, nil
}

// rowOf returns the row that a document of Gondola's holds.
func rowOf(raw bson.Raw) (row driver.Row, err error) {
	row.Where = place(itemsName, raw)
	row.Seq, _ = raw.Lookup("gondola", "seq").AsInt64OK()
	if row.Document, err = toJSON(raw, notInJSON...); err != nil {
		err = corrupt(row.Where, err)
	}
	return row, err
}

// CheckName returns no error: a text that MongoDB does not keep is no identity
// either.
func (b *store) CheckName(name string) error {
	if !validText(name) {
		return errText
	}
	return nil
}

// Fold returns the name: only equal ones collide.
func (b *store) Fold(name string) string { return name }

// Find returns the item that ref picks.
func (b *store) Find(ctx context.Context, id string, ref driver.Ref) (row driver.Row, err error) {
	s := b.session(id)
	field, value := fieldSeq, any(ref.Seq)
	switch {
	case ref.Key != "":
		field, value = fieldKey, ref.Key
	case ref.Name != "":
		field, value = fieldFile, ref.Name
	}
	err = s.read(ctx, "read an item of", func(ctx context.Context, all *survey) error {
		if all != nil {
			row, err = all.find(ctx, s, func(e *entry) bool { return e.is(ref) })
			return err
		}
		raw, err := b.items().FindOne(ctx, pairs(fieldSession, id, field, value)).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return driver.ErrNotFound
		}
		if err == nil {
			row, err = rowOf(raw)
		}
		return err
	})
	return row, err
}

// Sums sums up the session's items. The server adds up what stands in one
// index: sums that are kept would have to be trusted after a crash between them
// and the items, or after q2google wrote.
func (b *store) Sums(ctx context.Context, id string) (sums []driver.Sum, err error) {
	s := b.session(id)
	err = s.read(ctx, "count items of", func(ctx context.Context, all *survey) error {
		if all != nil {
			sums = all.sums()
			return nil
		}
		sums, err = s.sums(ctx)
		return err
	})
	return sums, err
}

func (s *session) sums(ctx context.Context) ([]driver.Sum, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	var all []driver.Sum
	for _, sum := range []struct {
		of  any
		add func(s *driver.Sum, n int64)
	}{
		{1, func(s *driver.Sum, n int64) { s.Items = int(n) }},
		{"$" + fieldBytes, func(s *driver.Sum, n int64) { s.Bytes = n }},
		{"$" + fieldCarried, func(s *driver.Sum, n int64) { s.Carried = n }},
	} {
		if err := s.sum(ctx, sum.of, func(outcome string, n int64) {
			for i := range all {
				if all[i].Outcome == outcome {
					sum.add(&all[i], n)
					return
				}
			}
			all = append(all, driver.Sum{Outcome: outcome})
			sum.add(&all[len(all)-1], n)
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sum adds up a field, or a constant, of the items of each outcome. One sum at a
// time: of several in one group FerretDB 1 adds up the first only.
func (s *session) sum(ctx context.Context, of any, add func(outcome string, n int64)) error {
	cursor, err := s.b.items().Aggregate(ctx, bson.A{
		pairs("$match", pairs(fieldSession, s.id)),
		pairs("$group", pairs(fieldID, "$"+fieldOutcome, "sum", pairs("$sum", of))),
	})
	if err != nil {
		return err
	}
	var groups []struct {
		Outcome string `bson:"_id"`
		Sum     int64
	}
	if err := cursor.All(ctx, &groups); err != nil {
		return err
	}
	for _, g := range groups {
		add(g.Outcome, g.Sum)
	}
	return nil
}
