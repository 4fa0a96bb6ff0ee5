package jsondir

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

// instant is a time in the least memory. The zero instant is that of no time.
type instant struct {
	seconds int64 // since the year 1, so that 0 is no time of a photograph
	nanos   int32
}

// instantOf reads what driver.SortableTime wrote.
func instantOf(sortable string) instant {
	t, err := time.Parse("2006-01-02T15:04:05.999999999", sortable)
	if err != nil {
		return instant{}
	}
	return instant{t.Unix() - time.Time{}.Unix(), int32(t.Nanosecond())}
}

func (i instant) compare(other instant) int {
	return cmp.Or(cmp.Compare(i.seconds, other.seconds), cmp.Compare(i.nanos, other.nanos))
}

// Page returns the next items that q selects, from the index: a caller that works on
// one reads its file then. What is asked for is looked at item by item, a million
// in some hundredths of a second. The first page in another order than that of Seq
// sorts the index, a second for a million, and so does the first one after an item
// was added or got another name.
func (b *db) Page(ctx context.Context, id string, q driver.Query) (rows []driver.Row, err error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, id, func(ix *index) {
		selects := selector(q)
		for _, at := range ix.after(q) {
			if e := &ix.items[at]; selects(e) {
				if rows = append(rows, driver.Row{Seq: e.seq}); len(rows) == q.Limit {
					return
				}
			}
		}
	})
	return rows, err
}

// after returns the items that come after the one that q names, in its order.
func (ix *index) after(q driver.Query) []slot {
	order := ix.order
	if q.Order != driver.BySeq {
		order = ix.inOrder(q.Order)
	}
	n := ix.place(order, q)
	if !q.Descending {
		return order[n:]
	}
	rest := slices.Clone(order[:n])
	slices.Reverse(rest)
	return rest
}

// place returns where the items begin that come after the one that q names, or
// where they end if they descend.
func (ix *index) place(order []slot, q driver.Query) int {
	at := ix.bySeq(q.After)
	if q.After == 0 || at == none && q.Order != driver.BySeq { // all of them, or none
		if (q.After == 0) == q.Descending {
			return len(order)
		}
		return 0
	}
	cursor := entry{seq: q.After}
	if at != none {
		cursor = ix.items[at]
	}
	n, found := slices.BinarySearchFunc(order, cursor, func(at slot, cursor entry) int { return compare(q.Order, &ix.items[at], &cursor) })
	if found && !q.Descending {
		n++
	}
	return n
}

// inOrder returns the items in an order other than that of Seq.
func (ix *index) inOrder(order driver.Order) []slot {
	sorted, ok := ix.sorted[order]
	if !ok {
		sorted = slices.Clone(ix.order)
		slices.SortFunc(sorted, func(a, b slot) int { return compare(order, &ix.items[a], &ix.items[b]) })
		if ix.sorted == nil {
			ix.sorted = map[driver.Order][]slot{}
		}
		ix.sorted[order] = sorted
	}
	return sorted
}

func compare(order driver.Order, a, b *entry) int {
	switch order {
	case driver.ByName:
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.seq, b.seq))
	case driver.ByCaptured:
		return cmp.Or(a.taken.compare(b.taken), cmp.Compare(a.seq, b.seq))
	}
	return cmp.Compare(a.seq, b.seq)
}

// selector returns what tells whether q selects an item.
func selector(q driver.Query) func(*entry) bool {
	next, outcome := wordOf(q.Next), wordOf(q.Outcome)
	from, until := instantOf(q.From), instantOf(q.Until)
	return func(e *entry) bool {
		return (q.Next == "" || e.awaits == next) && (q.Outcome == "" || e.outcome == outcome) && strings.HasPrefix(e.name, q.Prefix) &&
			(q.From == "" || e.taken.compare(from) >= 0) && (q.Until == "" || e.taken != instant{} && e.taken.compare(until) <= 0)
	}
}
