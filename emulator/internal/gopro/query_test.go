package gopro

import (
	"net/url"
	"testing"
)

func FuzzSearchQuery(f *testing.F) {
	f.Add("page=2&per_page=1000&captured_range=2026-01-30T00:00:00.000Z,2026-01-31T23:59:59.999Z")
	f.Add("captured_range=0001-01-01T00:00:00T00:00:00.000Z,9999-12-31T23:59:59.999999T00:00:00.000Z&type=Photo,x")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		q, err := parseSearch(values, true)
		if q.perPage < 1 || q.perPage > maxPageSize {
			t.Errorf("%q: %d rows a page", query, q.perPage)
		}
		if rows := due(make([]*stored, 10), q.page, q.perPage); len(rows) > q.perPage {
			t.Errorf("%q: %d rows due", query, len(rows))
		}
		if strict, err2 := parseSearch(values, false); err == nil && err2 == nil && strict.filter.captured != q.filter.captured {
			t.Errorf("%q: strict and lenient reading differ", query)
		}
	})
}
