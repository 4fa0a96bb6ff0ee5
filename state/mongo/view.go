package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// view holds what is asked of all items of a session of which q2google wrote some:
// it has to be read whole to tell where they stand.
type view struct {
	session
	evidence *q2google.Evidence
	entries  []*entry // by Seq
}

// entry is the row of an item, without its document.
type entry struct {
	driver.Row
	stale bool // its document is not as Gondola would write it
}

// readView reads a session whole. Items without a Seq come after the others, by
// name, so that they get the same one each time.
func (s session) readView(ctx context.Context, header bson.Raw) (*view, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	v := &view{session: s}
	if err := v.gather(ctx, header); err != nil {
		return nil, err
	}
	cursor, err := s.b.items().Find(ctx, pairs(fieldSession, s.id), options.Find().SetSort(pairs(fieldFile, 1)))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		it, ours, err := v.decode(cursor.Current)
		if err != nil {
			return nil, err
		}
		v.entries = append(v.entries, &entry{state.RowOf(it), !ours})
	}
	stored := map[*entry]int64{}
	for _, e := range v.entries {
		stored[e] = e.Seq
	}
	state.SortBySeq(v.entries, func(e *entry) *int64 { return &e.Seq })
	for _, e := range v.entries {
		e.stale = e.stale || e.Seq != stored[e]
	}
	return v, cursor.Err()
}

// gather collects what the batches of q2google say.
func (v *view) gather(ctx context.Context, header bson.Raw) error {
	s, err := decodeHeader(header)
	if err != nil {
		return err
	}
	v.evidence = q2google.NewEvidence(s.UpdatedAt)
	for after := int64(minIndex); !isOurs(header); {
		page, err := v.batchPage(ctx, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, row := range page {
			batch, err := decodeBatch(row)
			if err != nil {
				return err
			}
			v.evidence.Add(batch)
			after = row.Index
		}
	}
	return nil
}

// decode reads an item and settles it if q2google wrote it.
func (v *view) decode(raw bson.Raw) (it *state.Item, ours bool, err error) {
	data, err := toJSON(raw, notInJSON...)
	if err == nil {
		it, ours, err = q2google.DecodeItem(data)
	}
	if err != nil {
		return nil, false, corrupt(place(itemsName, raw), err)
	}
	if !ours {
		v.evidence.Settle(it)
	}
	return it, ours, nil
}

func (v *view) rows() []driver.Row {
	rows := make([]driver.Row, len(v.entries))
	for n, e := range v.entries {
		rows[n] = e.Row
	}
	return rows
}

// complete returns rows with their documents; one that went away meanwhile is left
// out.
func (v *view) complete(ctx context.Context, rows []driver.Row) (complete []driver.Row, err error) {
	names := make(bson.A, len(rows))
	for n, r := range rows {
		names[n] = r.Name
	}
	var docs []bson.Raw
	if err := find(ctx, v.b.items(), pairs(fieldSession, v.id, fieldFile, pairs("$in", names)), &docs); err != nil {
		return nil, err
	}
	byName := map[string]bson.Raw{}
	for _, raw := range docs {
		byName[raw.Lookup(fieldFile).StringValue()] = raw
	}
	for _, r := range rows {
		raw, ok := byName[r.Name]
		if !ok {
			continue
		}
		it, _, err := v.decode(raw)
		if err != nil {
			return nil, err
		}
		it.Seq = r.Seq
		row := state.RowOf(it)
		if row.Document, err = q2google.EncodeItem(it); err != nil {
			return nil, err
		}
		row.Where = place(itemsName, raw)
		complete = append(complete, row)
	}
	return complete, nil
}

// find returns the row that ref picks.
func (v *view) find(ctx context.Context, ref driver.Ref) (driver.Row, error) {
	n := slices.IndexFunc(v.entries, func(e *entry) bool { return ref.Picks(e.Row) })
	if n < 0 {
		return driver.Row{}, driver.ErrNotFound
	}
	rows, err := v.complete(ctx, []driver.Row{v.entries[n].Row})
	if err == nil && len(rows) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return driver.Row{}, err
	}
	return rows[0], nil
}
