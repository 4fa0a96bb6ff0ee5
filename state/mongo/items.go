package mongo

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// pageSize is how many items, batches or headers are read at a time.
const pageSize = 100

// notInJSON are the members of a stored item or batch that its JSON document
// does not have.
var notInJSON = []string{fieldID, fieldSession, fieldAwaits, fieldOutcome, fieldBytes, fieldCarried, fieldCaptured, fieldRenaming}

// rowOf returns the row that a document of Gondola's holds.
func rowOf(raw bson.Raw) (row driver.Row, err error) {
	row.Seq, _ = raw.Lookup("gondola", "seq").AsInt64OK()
	row.Document, row.Where, err = jsonOf(itemsName, raw, notInJSON...)
	return row, err
}

// CheckName returns why an item cannot have this name.
func (b *store) CheckName(name string) error {
	if !utf8.ValidString(name) {
		return errors.New("MongoDB keeps only valid UTF-8 in its texts")
	}
	return nil
}

// Fold returns the name: only equal ones collide.
func (b *store) Fold(name string) string { return name }

// Find returns the item that ref picks.
func (b *store) Find(ctx context.Context, id string, ref driver.Ref) (driver.Row, error) {
	s := b.session(id)
	return read(ctx, s, "read an item of", driver.Query{}, func(ctx context.Context) (driver.Row, error) {
		return s.find(ctx, ref)
	}, func(v *q2google.Session) (driver.Row, error) {
		return v.Find(ref)
	})
}

func (s session) find(ctx context.Context, ref driver.Ref) (driver.Row, error) {
	field, value := fieldSeq, any(ref.Seq)
	switch {
	case ref.Key != "":
		field, value = fieldKey, ref.Key
	case ref.Name != "":
		field, value = fieldFile, ref.Name
	}
	var raw bson.Raw
	if err := findOne(ctx, s.b.items(), pairs(fieldSession, s.id, field, value), &raw); err != nil {
		return driver.Row{}, err
	}
	return rowOf(raw)
}

// Sums sums up the session's items. The server adds up what stands in one index:
// sums that are kept would have to be trusted after a crash between them and the
// items, or after q2google wrote.
func (b *store) Sums(ctx context.Context, id string) ([]driver.Sum, error) {
	s := b.session(id)
	return read(ctx, s, "count items of", driver.Query{}, s.sums, func(v *q2google.Session) ([]driver.Sum, error) {
		return driver.SumsOf(v.Rows), nil
	})
}

// sums adds up the items, bytes and bytes carried of each outcome. One sum at a
// time: of several in one group FerretDB 1 adds up the first only.
func (s session) sums(ctx context.Context) ([]driver.Sum, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	sums := map[string]driver.Sum{}
	for field, of := range map[string]any{"items": 1, "bytes": "$" + fieldBytes, "carried": "$" + fieldCarried} {
		cursor, err := s.b.items().Aggregate(ctx, bson.A{
			pairs("$match", pairs(fieldSession, s.id)),
			pairs("$group", pairs(fieldID, "$"+fieldOutcome, field, pairs("$sum", of))),
		})
		if err != nil {
			return nil, err
		}
		var groups []struct {
			Outcome               string `bson:"_id"`
			Items, Bytes, Carried int64
		}
		if err := cursor.All(ctx, &groups); err != nil {
			return nil, err
		}
		for _, g := range groups {
			sum := sums[g.Outcome]
			sums[g.Outcome] = driver.Sum{Outcome: g.Outcome, Items: sum.Items + int(g.Items), Bytes: sum.Bytes + g.Bytes, Carried: sum.Carried + g.Carried}
		}
	}
	return slices.Collect(maps.Values(sums)), nil
}

// minIndex comes before all batches.
const minIndex = math.MinInt32

// Batches returns the next batches.
func (b *store) Batches(ctx context.Context, id string, after int64, limit int) (page []driver.Batch, err error) {
	s := b.session(id)
	err = b.ask(ctx, s.op("read batches of"), func(ctx context.Context) (err error) {
		if page, err = s.batchPage(ctx, max(after, minIndex), limit); err == nil && len(page) == 0 {
			_, err = s.header(ctx)
		}
		return err
	})
	return page, err
}

// batchPage returns the next batches after an index.
func (s session) batchPage(ctx context.Context, after int64, limit int) (page []driver.Batch, err error) {
	var docs []bson.Raw
	err = find(ctx, s.b.batches(), pairs(fieldSession, s.id, fieldBatch, pairs("$gt", after)), &docs,
		options.Find().SetSort(pairs(fieldBatch, 1)).SetLimit(int64(limit)))
	for _, raw := range docs {
		var batch driver.Batch
		batch.Index, _ = raw.Lookup(fieldBatch).AsInt64OK()
		if batch.Document, batch.Where, err = jsonOf(batchesName, raw, notInJSON...); err != nil {
			return nil, err
		}
		page = append(page, batch)
	}
	return page, err
}
