package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// Page returns the next items that q selects.
func (b *store) Page(ctx context.Context, id string, q driver.Query) ([]driver.Row, error) {
	s := b.session(id)
	return read(ctx, s, "read items of", q, func(ctx context.Context) ([]driver.Row, error) {
		return s.page(ctx, q)
	}, func(v *q2google.Session) ([]driver.Row, error) {
		return v.Page(q), nil
	})
}

// page asks for the items of each range until there are enough.
func (s session) page(ctx context.Context, q driver.Query) (rows []driver.Row, err error) {
	ranges, err := s.ranges(ctx, q)
	for _, filter := range ranges {
		if err != nil || len(rows) == q.Limit {
			break
		}
		limit := q.Limit - len(rows)
		var docs []bson.Raw
		if err = find(ctx, s.b.items(), filter, &docs, options.Find().SetSort(sorted(q)).SetLimit(int64(limit)).SetBatchSize(int32(limit))); err != nil {
			break
		}
		for _, raw := range docs {
			var row driver.Row
			if row, err = rowOf(raw); err != nil {
				break
			}
			rows = append(rows, row)
		}
	}
	return rows, err
}

// sorted returns the fields of an order: the last ones of an index.
func sorted(q driver.Query) bson.D {
	direction := 1
	if q.Descending {
		direction = -1
	}
	switch q.Order {
	case driver.ByName:
		return pairs(fieldFile, direction)
	case driver.ByCaptured:
		return pairs(fieldCaptured, direction, fieldSeq, direction)
	}
	return pairs(fieldSeq, direction)
}

// cursor is what an order compares of the item that a page comes after.
type cursor struct {
	Name     string `bson:"file_name"`
	Captured string `bson:"gondola_captured"`
}

// ranges returns the filters of a page. Its items are those of the first, then
// those of the next.
func (s session) ranges(ctx context.Context, q driver.Query) ([]bson.D, error) {
	var at cursor
	if q.After > 0 && q.Order != driver.BySeq {
		err := findOne(ctx, s.b.items(), pairs(fieldSession, s.id, fieldSeq, q.After), &at,
			options.FindOne().SetProjection(pairs(fieldFile, 1, fieldCaptured, 1)))
		if errors.Is(err, driver.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return filters(s.id, q, at), nil
}

// filters returns the filters of a page that comes after a cursor. Two items may
// have been captured at the same time: what comes after one of them is the rest of
// that time, and then what was captured before or after it.
func filters(session string, q driver.Query, at cursor) []bson.D {
	after := "$gt"
	if q.Descending {
		after = "$lt"
	}
	name, captured := namesOf(q), capturesOf(q)
	switch {
	case q.After == 0:
	case q.Order == driver.ByName:
		name = append(name, pairs(after, at.Name)...)
	case q.Order == driver.ByCaptured:
		same := filter(session, q, name, pairs("$eq", at.Captured), pairs(after, q.After))
		return []bson.D{same, filter(session, q, name, append(captured, pairs(after, at.Captured)...), nil)}
	default:
		return []bson.D{filter(session, q, name, captured, pairs(after, q.After))}
	}
	return []bson.D{filter(session, q, name, captured, nil)}
}

// filter returns the conditions of a query, with bounds of the fields that are
// ordered.
func filter(session string, q driver.Query, name, captured, seq bson.D) bson.D {
	f := pairs(fieldSession, session)
	if q.Next != "" {
		f = append(f, pairs(fieldAwaits, q.Next)...)
	}
	if q.Outcome != "" {
		f = append(f, pairs(fieldOutcome, q.Outcome)...)
	}
	for _, bound := range []bson.E{{Key: fieldFile, Value: name}, {Key: fieldCaptured, Value: captured}, {Key: fieldSeq, Value: seq}} {
		if len(bound.Value.(bson.D)) > 0 {
			f = append(f, bound)
		}
	}
	return f
}

func namesOf(q driver.Query) bson.D {
	if q.Prefix == "" {
		return nil
	}
	return pairs("$gte", q.Prefix, "$lte", q.Prefix+"\U0010FFFF")
}

func capturesOf(q driver.Query) (bounds bson.D) {
	if q.From != "" || q.Until != "" {
		bounds = pairs("$gte", max(q.From, "0")) // and not ""
	}
	if q.Until != "" {
		bounds = append(bounds, pairs("$lte", q.Until)...)
	}
	return bounds
}
