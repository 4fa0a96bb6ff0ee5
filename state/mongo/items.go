package mongo

import (
	"context"
	"errors"
	"iter"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
)

// pageSize is how many items or headers are read at a time.
const pageSize = 100

// notInJSON are the members of a stored item or batch that its JSON document
// does not have.
var notInJSON = []string{fieldID, fieldSession, fieldAwaits, fieldOutcome, fieldBytes, fieldCarried, fieldRenaming}

func decodeItem(raw bson.Raw) (it *state.Item, ours bool, err error) {
	data, err := toJSON(raw, notInJSON...)
	if err == nil {
		it, ours, err = state.DecodeItem(data)
	}
	if err != nil {
		return nil, false, corrupt(itemsName, raw, err)
	}
	return it, ours, nil
}

// Items iterates the items that q selects, by Seq, a page at a time.
func (b *Backend) Items(ctx context.Context, id string, q state.ItemQuery) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		s, err := b.session(ctx, id)
		var p *pager
		if err == nil {
			p, err = s.pager(ctx, q)
		}
		for n := 0; err == nil; {
			var page []*state.Item
			if page, err = p.next(ctx); len(page) == 0 {
				break
			}
			for _, it := range page {
				if n++; !yield(it, nil) || n == q.Limit {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// pager reads items page by page.
type pager struct {
	s        *session
	all      *survey // if q2google wrote some of them when it began
	awaiting state.Stage
	after    int64
	size     int
	end      bool
}

func (s *session) pager(ctx context.Context, q state.ItemQuery) (*pager, error) {
	p := &pager{s: s, awaiting: q.Awaiting, after: q.After, size: pageSize}
	if q.Limit > 0 {
		p.size = min(q.Limit, pageSize)
	}
	return p, s.read(ctx, "read items of", func(_ context.Context, all *survey) error { p.all = all; return nil })
}

// next returns the next items; none at the end.
func (p *pager) next(ctx context.Context) (page []*state.Item, err error) {
	for len(page) == 0 && !p.end && err == nil {
		err = p.s.b.call(ctx, p.s.op("read items of"), func(ctx context.Context) error {
			if p.all != nil {
				page, err = p.surveyed(ctx)
			} else {
				page, err = p.stored(ctx)
			}
			return err
		})
	}
	return page, err
}

func (p *pager) stored(ctx context.Context) ([]*state.Item, error) {
	filter := pairs(fieldSession, p.s.id)
	if p.awaiting != "" {
		filter = append(filter, bson.E{Key: fieldAwaits, Value: string(p.awaiting)})
	}
	filter = append(filter, bson.E{Key: fieldSeq, Value: pairs("$gt", p.after)})
	cursor, err := p.s.b.items().Find(ctx, filter, options.Find().SetSort(pairs(fieldSeq, 1)).SetLimit(int64(p.size)).SetBatchSize(int32(p.size)))
	if err != nil {
		return nil, err
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	var page []*state.Item
	after := p.after
	for _, raw := range docs {
		it, _, err := decodeItem(raw)
		if err != nil {
			return nil, err
		}
		page, after = append(page, it), it.Seq
	}
	p.after, p.end = after, len(docs) < p.size
	return page, nil
}

func (p *pager) surveyed(ctx context.Context) ([]*state.Item, error) {
	entries := p.all.page(p.awaiting, p.after, p.size)
	items, err := p.all.read(ctx, p.s, entries)
	if err != nil {
		return nil, err
	}
	if p.end = len(entries) < p.size; len(entries) > 0 {
		p.after = entries[len(entries)-1].seq
	}
	var page []*state.Item
	for _, it := range items {
		if p.awaiting == "" || it.Awaits() == p.awaiting { // it may have moved on
			page = append(page, it)
		}
	}
	return page, nil
}

// Item returns the item with this identity, or state.ErrNotFound.
func (b *Backend) Item(ctx context.Context, id, key string) (*state.Item, error) {
	return b.find(ctx, id, fieldKey, key, func(e *entry) bool { return e.key == key && key != "" })
}

// ItemNamed returns the item of exactly this name, or state.ErrNotFound.
func (b *Backend) ItemNamed(ctx context.Context, id, name string) (*state.Item, error) {
	return b.find(ctx, id, fieldFile, name, func(e *entry) bool { return e.name == name })
}

func (b *Backend) find(ctx context.Context, id, field, value string, is func(*entry) bool) (it *state.Item, err error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, "read an item of", func(ctx context.Context, all *survey) error {
		if all != nil {
			it, err = all.find(ctx, s, is)
			return err
		}
		if value == "" || !utf8.ValidString(value) {
			return state.ErrNotFound // items known by name only have no key
		}
		raw, err := b.items().FindOne(ctx, pairs(fieldSession, id, field, value)).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return state.ErrNotFound
		}
		if err == nil {
			it, _, err = decodeItem(raw)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// Counts sums up the session's items. The server adds up what stands in one
// index: sums that are kept would have to be trusted after a crash between them
// and the items, or after q2google wrote.
func (b *Backend) Counts(ctx context.Context, id string) (c state.Counts, err error) {
	s, err := b.session(ctx, id)
	if err == nil {
		err = s.read(ctx, "count items of", func(ctx context.Context, all *survey) error {
			if all != nil {
				c = all.counts()
				return nil
			}
			c, err = s.counts(ctx)
			return err
		})
	}
	return c, err
}

func (s *session) counts(ctx context.Context) (state.Counts, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	c := state.Counts{Outcomes: map[state.Outcome]int{}}
	for _, sum := range []struct {
		of  any
		add func(outcome string, n int64)
	}{
		{1, func(outcome string, n int64) { c.Total += int(n); c.Outcomes[state.Outcome(outcome)] = int(n) }},
		{"$" + fieldBytes, func(_ string, n int64) { c.Bytes += n }},
		{"$" + fieldCarried, func(_ string, n int64) { c.Carried += n }},
	} {
		if err := s.sum(ctx, sum.of, sum.add); err != nil {
			return c, err
		}
	}
	return c, nil
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
