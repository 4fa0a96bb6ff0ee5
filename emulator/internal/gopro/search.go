package gopro

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// listing is the result of a filter, kept for the next page.
type listing struct {
	filter  listingFilter
	changes int // Account.changes when it was made
	rows    []*stored
}

// search answers one page. A page before the first and one after the last are
// empty.
func (g *Account) search(w http.ResponseWriter, r *http.Request) {
	q, err := parseSearch(r.URL.Query(), !g.options.StrictRange)
	if err != nil {
		refuse(w, r, http.StatusInternalServerError)
		return
	}
	failure := fault.Of(r, fault.ShortPage, fault.RepeatPage, fault.Reorder, fault.InsertRows, fault.RemoveRows)
	rows, total := g.page(q, failure)
	route.JSON(w, http.StatusOK, map[string]any{
		"_embedded": map[string]any{"errors": []any{}, "media": rows},
		"_pages":    pages(q, total+g.options.Overcount),
	})
}

func pages(q searchQuery, total int) map[string]int {
	return map[string]int{
		"current_page": q.page, "per_page": q.perPage, "total_items": total,
		"total_pages": (total + q.perPage - 1) / q.perPage,
	}
}

func (g *Account) page(q searchQuery, failure *fault.Fault) (rows []map[string]any, total int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.list(q.filter)
	if failure != nil && (failure.Kind == fault.InsertRows || failure.Kind == fault.RemoveRows) {
		g.shift(failure, all)
		all = g.list(q.filter)
	}
	number := q.page
	if failure != nil && failure.Kind == fault.RepeatPage {
		number = max(number-1, 1) // the first page has none before it
	}
	rows = []map[string]any{}
	for _, s := range fault.Disturb(due(all, number, q.perPage), failure) {
		rows = append(rows, g.rowOf(s, q.fields))
	}
	return rows, len(all)
}

// list returns all rows of a filter. The caller holds g.mu.
func (g *Account) list(f listingFilter) []*stored {
	if g.listed.changes == g.changes && g.listed.rows != nil && reflect.DeepEqual(g.listed.filter, f) {
		return g.listed.rows
	}
	by := byCapture
	if f.uploadOrder {
		by = byUpload
	}
	now, settled := g.now(), true
	rows := g.sorted(by, func(s *stored) bool {
		if !s.trashed.IsZero() {
			if now.Sub(s.trashed) >= g.options.DeleteDelay {
				return false
			}
			settled = false
		}
		return f.keeps(s)
	})
	g.listed = listing{}
	if settled {
		g.listed = listing{filter: f, changes: g.changes, rows: rows}
	}
	return rows
}

// shift inserts rows before all others, or removes the first ones, while someone
// lists them. The caller holds g.mu.
func (g *Account) shift(failure *fault.Fault, all []*stored) {
	count := cmp.Or(failure.Count, 1)
	g.changes++
	if failure.Kind == fault.RemoveRows {
		for _, s := range all[:min(count, len(all))] {
			delete(g.media, s.ID)
			delete(g.numbers, s.number)
		}
		return
	}
	for range count {
		m := g.upload(all)
		s := &stored{medium: medium(m), number: cdnNumber(m.ID), updated: m.Created}
		g.media[m.ID], g.numbers[s.number] = s, s
	}
}

// upload makes a photo that has just been uploaded and was captured with the
// newest of the rows, so that it comes among the first and passes their filter
// of captured_at.
func (g *Account) upload(all []*stored) sample.Medium {
	g.inserted++
	m := sample.OnePhoto(0x1e57, g.inserted, fmt.Sprintf("GOPR%04d.JPG", 9000+g.inserted))
	m.ID = fmt.Sprintf("0inserted%04d", g.inserted) // sorts before others of the same time
	m.Created = g.now()
	if len(all) > 0 {
		m.Captured = slices.MaxFunc(all, func(a, b *stored) int { return a.Captured.Compare(b.Captured) }).Captured
	}
	return m
}
