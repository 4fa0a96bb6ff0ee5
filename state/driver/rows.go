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
