package driver

import (
	"cmp"
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

// Memory keeps the rows of one session in memory, with their documents. It answers
// as a Store does, and looks at all rows for that.
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
func (m *Memory) Lookup(refs Refs) (found Found) {
	for _, r := range m.Rows {
		if slices.Contains(refs.Names, r.Name) || slices.Contains(refs.Seqs, r.Seq) || slices.Contains(refs.Keys, r.Key) {
			found.Rows = append(found.Rows, r)
		}
		found.Last = r.Seq
	}
	return found
}

// Write stores what w holds.
func (m *Memory) Write(w Write) {
	if w.Header != nil {
		m.Header = *w.Header
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
}

// Clone returns a copy that changes on its own.
func (m *Memory) Clone() *Memory {
	return &Memory{m.Header, slices.Clone(m.Rows), slices.Clone(m.Batches)}
}
