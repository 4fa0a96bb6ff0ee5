package driver

import (
	"cmp"
	"context"
	"slices"
	"strings"
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

// Rows is what Page returns of rows that are in memory, sorted by Seq. It looks at
// all of them.
func (q Query) Rows(all []Row) (page []Row) {
	cursor := Row{Seq: q.After}
	if n := slices.IndexFunc(all, Ref{Seq: q.After}.Picks); n >= 0 {
		cursor = all[n]
	} else if q.After != 0 && q.Order != BySeq {
		return nil
	}
	for _, r := range all {
		if q.selects(r) && (q.After == 0 || q.compare(cursor, r) < 0) {
			page = append(page, r)
		}
	}
	slices.SortFunc(page, q.compare)
	return page[:min(len(page), q.Limit)]
}

// compare tells which of two rows comes first.
func (q Query) compare(a, b Row) int {
	order := cmp.Compare(a.Seq, b.Seq)
	switch q.Order {
	case ByName:
		order = cmp.Or(strings.Compare(a.Name, b.Name), order)
	case ByCaptured:
		order = cmp.Or(strings.Compare(a.Captured, b.Captured), order)
	}
	if q.Descending {
		return -order
	}
	return order
}

// selects reports whether a row is one that q selects, wherever it comes.
func (q Query) selects(r Row) bool {
	return (q.Next == "" || r.Next == q.Next) && (q.Outcome == "" || r.Outcome == q.Outcome) && strings.HasPrefix(r.Name, q.Prefix) &&
		r.Captured >= q.From && (q.Until == "" || r.Captured != "" && r.Captured <= q.Until)
}

// SumsOf returns what rows sum up to, a Sum each.
func SumsOf(rows []Row) []Sum {
	sums := make([]Sum, len(rows))
	for n, r := range rows {
		sums[n] = Sum{Outcome: r.Outcome, Items: 1, Bytes: max(r.Size, 0), Carried: r.Carried}
	}
	return sums
}

// Memory keeps the rows of one session in memory, with their documents; the zero
// Memory is no session yet. It is a [Tx], and answers as a Store does, but looks at
// all rows for that. A [View] makes the reading methods of a Store of it.
type Memory struct {
	Header  Header
	Rows    []Row   // by Seq
	Batches []Batch // by Index
}

// Find returns the row that ref picks.
func (m *Memory) Find(ref Ref) (Row, error) {
	n, found := m.row(ref.Seq)
	if ref.Key != "" || ref.Name != "" {
		n = slices.IndexFunc(m.Rows, ref.Picks)
		found = n >= 0
	}
	if !found {
		return Row{}, ErrNotFound
	}
	return m.Rows[n], nil
}

func (m *Memory) row(seq int64) (n int, found bool) {
	return slices.BinarySearchFunc(m.Rows, seq, func(r Row, seq int64) int { return cmp.Compare(r.Seq, seq) })
}

// Page returns the next rows that q selects.
func (m *Memory) Page(q Query) []Row { return q.Rows(m.Rows) }

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
		n, found := m.row(c.Seq)
		if !found {
			m.Rows = slices.Insert(m.Rows, n, Row{})
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
	return &Memory{m.Header, slices.Clone(m.Rows), slices.Clone(m.Batches)}
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
