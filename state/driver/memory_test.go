package driver_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/state/driver"
)

// TestMemoryPages pages through rows in each order, while they change, and compares
// the pages with all rows sorted.
func TestMemoryPages(t *testing.T) {
	m := &driver.Memory{Header: driver.Header{ID: "s"}}
	for seq := range int64(40) {
		m.Write(driver.Write{Items: []driver.Change{{Row: driver.Row{
			Seq: 2*seq + 2, Name: fmt.Sprintf("%d.jpg", seq*7%40), Captured: fmt.Sprintf("2026-01-%02d", seq*5%13), Next: []string{"transfer", ""}[seq%2],
		}}}})
	}
	by := map[driver.Order]func(a, b driver.Row) int{
		driver.BySeq:  func(a, b driver.Row) int { return cmp.Compare(a.Seq, b.Seq) },
		driver.ByName: func(a, b driver.Row) int { return strings.Compare(a.Name, b.Name) },
		driver.ByCaptured: func(a, b driver.Row) int {
			return cmp.Or(strings.Compare(a.Captured, b.Captured), cmp.Compare(a.Seq, b.Seq))
		},
	}
	changes := []driver.Row{{}, {Seq: 24, Name: "zz.jpg", Captured: "2026-02-01"}, {Seq: 99, Name: "0.jpg"}, {Seq: 24, Name: "00.jpg", Next: "transfer"}}
	for _, change := range changes {
		if change.Seq != 0 {
			m.Write(driver.Write{Items: []driver.Change{{Row: change}}})
		}
		for order, compare := range by {
			for _, q := range []driver.Query{{}, {Next: "transfer"}, {Prefix: "1"}, {From: "2026-01-03", Until: "2026-01-09"}} {
				for _, descending := range []bool{false, true} {
					q.Order, q.Descending, q.Limit = order, descending, 3
					want := slices.DeleteFunc(slices.SortedStableFunc(slices.Values(m.Rows), compare), func(r driver.Row) bool {
						return q.Next != "" && r.Next != q.Next || !strings.HasPrefix(r.Name, q.Prefix) || q.From != "" && (r.Captured < q.From || r.Captured > q.Until)
					})
					if descending {
						slices.Reverse(want)
					}
					if got := paged(m, q); !slices.EqualFunc(got, want, func(a, b driver.Row) bool { return a.Seq == b.Seq }) {
						t.Errorf("%+v: %d rows, first %v\nwant %d, %v", q, len(got), got[:min(len(got), 3)], len(want), want[:min(len(want), 3)])
					}
				}
			}
		}
	}
	if got := m.Page(driver.Query{After: 23, Limit: 1}); len(got) != 1 || got[0].Seq != 24 {
		t.Errorf("after a number that no row has: %v", got)
	}
	if got := m.Page(driver.Query{After: 23, Order: driver.ByName, Limit: 1}); len(got) != 0 {
		t.Errorf("by name after a number that no row has: %v", got)
	}
}

// paged returns all rows of a query, by the page.
func paged(m *driver.Memory, q driver.Query) (all []driver.Row) {
	for {
		page := m.Page(q)
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.After = page[len(page)-1].Seq
	}
}

func TestSumsOf(t *testing.T) {
	sums := driver.SumsOf([]driver.Row{
		{Outcome: "created", Size: 5, Carried: 4}, {Outcome: "failed", Size: -1}, {Outcome: "created", Size: 2, Carried: 2},
	})
	want := []driver.Sum{{Outcome: "created", Items: 2, Bytes: 7, Carried: 6}, {Outcome: "failed", Items: 1}}
	if !slices.Equal(sums, want) {
		t.Errorf("sums %v, want %v", sums, want)
	}
}
