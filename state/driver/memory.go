package driver

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Picks reports whether a row is the one that ref picks.
func (ref Ref) Picks(r Row) bool {
	switch {
	case ref.Key != "":
		return r.Key == ref.Key
	case ref.Name != "":
		return r.Name == ref.Name
	}
	return r.Seq == ref.Seq
}

// compare orders two rows as they are when they ascend.
func (q Query) compare(a, b *Row) int {
	order := cmp.Compare(a.Seq, b.Seq)
	switch q.Order {
	case ByName:
		return cmp.Or(strings.Compare(a.Name, b.Name), order)
	case ByCaptured:
		return cmp.Or(strings.Compare(a.Captured, b.Captured), order)
	}
	return order
}

// Selects reports whether a row is one that q selects, wherever it comes.
func (q Query) Selects(r *Row) bool {
	return (q.Next == "" || r.Next == q.Next) && (q.Outcome == "" || r.Outcome == q.Outcome) && strings.HasPrefix(r.Name, q.Prefix) &&
		r.Captured >= q.From && (q.Until == "" || r.Captured != "" && r.Captured <= q.Until)
}

// SumsOf returns what rows sum up to.
func SumsOf(rows []Row) (sums []Sum) {
	for n := range rows {
		r := &rows[n]
		at := slices.IndexFunc(sums, func(s Sum) bool { return s.Outcome == r.Outcome })
		if at < 0 {
			at, sums = len(sums), append(sums, Sum{Outcome: r.Outcome})
		}
		sums[at].Items++
		sums[at].Bytes += max(r.Size, 0)
		sums[at].Carried += r.Carried
	}
	return sums
}

// Memory keeps the rows of one session in memory, with their documents; the zero
// Memory is no session yet. It is a [Tx], and answers as a Store does: what is asked
// for by Seq is found at once, and all rows are looked at for the rest. Readers may
// use it at the same time, and Write alone. A [View] makes the reading methods of a
// Store of it.
type Memory struct {
	Header  Header
	Rows    []Row   // by Seq
	Batches []Batch // by Index

	mu     sync.Mutex
	orders map[Order][]int32 // places of rows, as pages were asked for, until a row changes in an order
}

// Find returns the row that ref picks.
func (m *Memory) Find(ref Ref) (Row, error) {
	n, found := m.Place(ref.Seq)
	if ref.Key != "" || ref.Name != "" {
		n = slices.IndexFunc(m.Rows, ref.Picks)
		found = n >= 0
	}
	if !found {
		return Row{}, ErrNotFound
	}
	return m.Rows[n], nil
}

// Place returns where in Rows the one with this Seq is or would be.
func (m *Memory) Place(seq int64) (n int, found bool) {
	n = sort.Search(len(m.Rows), func(n int) bool { return m.Rows[n].Seq >= seq })
	return n, n < len(m.Rows) && m.Rows[n].Seq == seq
}

// Page returns the next rows that q selects. What is asked for is looked at row by
// row. The first page in another order than that of Seq sorts the rows.
func (m *Memory) Page(q Query) (page []Row) {
	at := m.order(q)
	n, step := 0, 1
	if q.Descending {
		n, step = len(m.Rows)-1, -1
	}
	if q.After != 0 {
		cursor := Row{Seq: q.After}
		if after, found := m.Place(q.After); found {
			cursor = m.Rows[after]
		} else if q.Order != BySeq {
			return nil
		}
		n = sort.Search(len(m.Rows), func(n int) bool {
			order := q.compare(at(n), &cursor)
			return order > 0 || order == 0 && q.Descending
		})
		n += min(step, 0)
	}
	for ; n >= 0 && n < len(m.Rows) && len(page) < q.Limit; n += step {
		if r := at(n); q.Selects(r) {
			page = append(page, *r)
		}
	}
	return page
}

// order returns the function that gives the nth row in the order of q, ascending.
func (m *Memory) order(q Query) func(n int) *Row {
	if q.Order == BySeq {
		return func(n int) *Row { return &m.Rows[n] }
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	places := m.orders[q.Order]
	if places == nil {
		for n := range m.Rows {
			places = append(places, int32(n))
		}
		slices.SortFunc(places, func(a, b int32) int { return q.compare(&m.Rows[a], &m.Rows[b]) })
		if m.orders == nil {
			m.orders = map[Order][]int32{}
		}
		m.orders[q.Order] = places
	}
	return func(n int) *Row { return &m.Rows[places[n]] }
}

// After returns the next batches, as Store.Batches does.
func (m *Memory) After(index int64, limit int) []Batch {
	n, found := m.batch(index)
	if found {
		n++
	}
	return slices.Clone(m.Batches[n:min(n+limit, len(m.Batches))])
}

func (m *Memory) batch(index int64) (n int, found bool) {
	return slices.BinarySearchFunc(m.Batches, index, func(b Batch, index int64) int { return cmp.Compare(b.Index, index) })
}

// Lookup returns the rows that refs pick.
func (m *Memory) Lookup(refs Refs) (found Found, err error) {
	if m.Header.ID == "" {
		return found, ErrNotFound
	}
	for _, r := range m.Rows {
		if slices.Contains(refs.Names, r.Name) || slices.Contains(refs.Seqs, r.Seq) || slices.Contains(refs.Keys, r.Key) {
			found.Rows = append(found.Rows, r)
		}
		found.Last = r.Seq
	}
	return found, nil
}

// Write stores what w holds.
func (m *Memory) Write(w Write) error {
	switch {
	case w.Header != nil:
		m.Header = *w.Header
	case m.Header.ID == "":
		return ErrNotFound
	}
	for _, c := range w.Items {
		n, found := m.Place(c.Seq)
		if !found {
			m.Rows = slices.Insert(m.Rows, n, Row{})
		}
		if old := &m.Rows[n]; !found || old.Name != c.Name || old.Captured != c.Captured {
			m.orders = nil
		}
		m.Rows[n] = c.Row
	}
	for _, b := range w.Batches {
		n, found := m.batch(b.Index)
		if found {
			m.Batches = slices.Delete(m.Batches, n, n+1)
		}
		if b.Document != nil {
			m.Batches = slices.Insert(m.Batches, n, b)
		}
	}
	return nil
}

// Clone returns a copy that changes on its own.
func (m *Memory) Clone() *Memory {
	return &Memory{Header: m.Header, Rows: slices.Clone(m.Rows), Batches: slices.Clone(m.Batches)}
}

// View calls show with a session in memory, or returns an error such as
// ErrNotFound. A store whose sessions are in memory embeds its View: it has the
// methods of a [Store] that read one session.
type View func(ctx context.Context, session string, show func(*Memory)) error

// Header returns a session's header.
func (v View) Header(ctx context.Context, session string) (h Header, err error) {
	err = v(ctx, session, func(m *Memory) { h = m.Header })
	return h, err
}

// Find returns the row that ref picks.
func (v View) Find(ctx context.Context, session string, ref Ref) (row Row, err error) {
	found := ErrNotFound
	err = v(ctx, session, func(m *Memory) { row, found = m.Find(ref) })
	return row, cmp.Or(err, found)
}

// Page returns the next rows that q selects.
func (v View) Page(ctx context.Context, session string, q Query) (rows []Row, err error) {
	err = v(ctx, session, func(m *Memory) { rows = m.Page(q) })
	return rows, err
}

// Sums sums up the session's items.
func (v View) Sums(ctx context.Context, session string) (sums []Sum, err error) {
	err = v(ctx, session, func(m *Memory) { sums = SumsOf(m.Rows) })
	return sums, err
}

// Batches returns the next batches.
func (v View) Batches(ctx context.Context, session string, after int64, limit int) (batches []Batch, err error) {
	err = v(ctx, session, func(m *Memory) { batches = m.After(after, limit) })
	return batches, err
}
