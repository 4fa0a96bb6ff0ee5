package mongo

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// survey holds what is asked of all items of a session of which q2google wrote
// some: it has to be read whole to tell where they stand.
type survey struct {
	evidence *state.Evidence
	entries  []*entry // by Seq
}

// entry is one item.
type entry struct {
	id      bson.RawValue // of its document
	key     string        // media.ID.Key; "" for an item known by name only
	name    string
	stored  int64 // the Seq that its document has
	seq     int64
	ours    bool
	awaits  string
	outcome string
	size    int64
	carried int64

	captured string
}

// is reports whether a ref picks the item.
func (e *entry) is(ref driver.Ref) bool {
	switch {
	case ref.Key != "":
		return e.key == ref.Key
	case ref.Name != "":
		return e.name == ref.Name
	}
	return e.seq == ref.Seq
}

// survey reads a session whole. Items without a Seq come after the others, by
// name, so that they get the same one each time.
func (s *session) survey(ctx context.Context, h *header) (*survey, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	all := &survey{evidence: state.NewEvidence(h.UpdatedAt)}
	if !h.ours {
		for after := int64(minIndex); ; {
			page, err := s.decodedBatches(ctx, after)
			if err != nil {
				return nil, err
			}
			for _, b := range page {
				all.evidence.Add(b)
				after = int64(b.Index)
			}
			if len(page) < batchPage {
				break
			}
		}
	}
	cursor, err := s.b.items().Find(ctx, pairs(fieldSession, s.id), options.Find().SetSort(pairs(fieldFile, 1)))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		it, ours, err := all.decode(cursor.Current)
		if err != nil {
			return nil, err
		}
		id := cursor.Current.Lookup(fieldID)
		e := &entry{
			id: bson.RawValue{Type: id.Type, Value: bytes.Clone(id.Value)}, name: it.Name, stored: it.Seq, seq: it.Seq, ours: ours,
			awaits: string(it.Awaits()), outcome: string(it.Outcome()), size: it.Size, carried: it.Carried,
			captured: state.RowOf(it).Captured,
		}
		if !it.ID.IsZero() {
			e.key = it.ID.Key()
		}
		all.entries = append(all.entries, e)
	}
	state.SortBySeq(all.entries, func(e *entry) *int64 { return &e.seq })
	return all, cursor.Err()
}

// decode reads an item and settles it if q2google wrote it.
func (all *survey) decode(raw bson.Raw) (it *state.Item, ours bool, err error) {
	it, ours, err = decodeItem(raw)
	if err == nil && !ours {
		all.evidence.Settle(it)
	}
	return it, ours, err
}

// read reads the items of entries; one that went away meanwhile is left out.
func (all *survey) read(ctx context.Context, s *session, entries []*entry) ([]driver.Row, error) {
	docs := map[string]bson.Raw{}
	if len(entries) > 0 {
		if err := fetch(ctx, s.b.items(), ids(entries, func(e *entry) bson.RawValue { return e.id }), docs); err != nil {
			return nil, err
		}
	}
	var rows []driver.Row
	for _, e := range entries {
		raw, ok := docs[identity(e.id)]
		if !ok {
			continue
		}
		it, _, err := all.decode(raw)
		if err != nil {
			return nil, err
		}
		it.Seq = e.seq
		row := state.RowOf(it)
		row.Where = place(itemsName, raw)
		if row.Document, err = state.EncodeItem(it); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// find reads the item that is picks, or returns state.ErrNotFound.
func (all *survey) find(ctx context.Context, s *session, is func(*entry) bool) (driver.Row, error) {
	n := slices.IndexFunc(all.entries, is)
	if n < 0 {
		return driver.Row{}, driver.ErrNotFound
	}
	rows, err := all.read(ctx, s, all.entries[n:n+1])
	if err == nil && len(rows) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return driver.Row{}, err
	}
	return rows[0], nil
}

// page returns the next entries that q selects.
func (all *survey) page(q driver.Query) []*entry {
	order := slices.SortedFunc(slices.Values(all.entries), func(a, b *entry) int { return compare(q, a, b) })
	first := 0
	if q.After > 0 {
		n := slices.IndexFunc(all.entries, func(e *entry) bool { return e.seq >= q.After })
		if n < 0 {
			return nil
		}
		first, _ = slices.BinarySearchFunc(order, all.entries[n], func(a, b *entry) int { return compare(q, a, b) })
		if all.entries[n].seq == q.After {
			first++
		}
	}
	var page []*entry
	for _, e := range order[first:] {
		if e.selected(q) {
			if page = append(page, e); len(page) == q.Limit {
				break
			}
		}
	}
	return page
}

func compare(q driver.Query, a, b *entry) int {
	order := cmp.Compare(a.seq, b.seq)
	switch q.Order {
	case driver.ByName:
		order = cmp.Or(cmp.Compare(a.name, b.name), order)
	case driver.ByCaptured:
		order = cmp.Or(cmp.Compare(a.captured, b.captured), order)
	}
	if q.Descending {
		return -order
	}
	return order
}

func (e *entry) selected(q driver.Query) bool {
	return (q.Next == "" || e.awaits == q.Next) && (q.Outcome == "" || e.outcome == q.Outcome) && strings.HasPrefix(e.name, q.Prefix) &&
		(q.From == "" || e.captured >= q.From) && (q.Until == "" || e.captured != "" && e.captured <= q.Until)
}

func (all *survey) sums() (sums []driver.Sum) {
	for _, e := range all.entries {
		sums = append(sums, driver.Sum{Outcome: e.outcome, Items: 1, Bytes: max(e.size, 0), Carried: e.carried})
	}
	return sums
}
