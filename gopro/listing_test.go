package gopro

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

func listAll(t *testing.T, c *Client, w media.Window) (ids []string, err error) {
	t.Helper()
	for row, e := range c.Media(t.Context(), w) {
		if err != nil {
			t.Error("the sequence goes on after an error")
		}
		if err = e; e == nil {
			ids = append(ids, row.ID)
		}
	}
	return ids, err
}

func per(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	return n
}

func TestMediaProvesItself(t *testing.T) {
	// The hook is called for every search, the first being number 1.
	for _, tc := range []struct {
		name     string
		rows     int
		before   func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool
		want     int // media
		code     string
		searches int
	}{
		{name: "empty", rows: 0, want: 0, searches: 1},
		{name: "one page", rows: 99, want: 99, searches: 1},
		{name: "one full page", rows: 100, want: 100, searches: 2},
		{name: "several pages", rows: 212, want: 212, searches: 3},
		{name: "a page short once", rows: 212, want: 212, searches: 4,
			before: func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
				if n == 2 {
					c.search(w, r, 88)
				}
				return n == 2
			}},
		{name: "an empty page is not the end", rows: 212, want: 212, searches: 4,
			before: func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
				if n == 2 {
					c.search(w, r, 100)
				}
				return n == 2
			}},
		{name: "short pages when large", rows: 212, want: 212, searches: 1 + maxRereads + 2 + 5,
			before: func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
				large := r.URL.Query().Get("per_page") == "100"
				if large {
					c.search(w, r, 10)
				}
				return large
			}},
		{name: "uploads during the walk", rows: 212, want: 215, searches: 3 + 5,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				if n == 2 {
					c.rows = append([]map[string]any{row("new1"), row("new2"), row("new3")}, c.rows...)
				}
				return false
			}},
		{name: "uploads without end", rows: 120, want: 120 + 6, // two are never on a page to come searches: 2 + 3 + 3,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				c.rows = append([]map[string]any{row("new" + strings.Repeat("x", n))}, c.rows...)
				return false
			}},
		{name: "a deletion during the walk skips a row", rows: 212, want: 212, searches: 3 + 5,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				if n == 2 {
					c.rows = c.rows[1:] // seen already
				}
				return false
			}},
		{name: "deletions without end", rows: 300, code: fault.ListingIncomplete, want: -1,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				c.rows = c.rows[1:]
				return false
			}},
		{name: "deletions and uploads out of sight in every walk", rows: 212, want: 212 + 3, code: fault.ListingIncomplete, searches: 3 + 5 + 5,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				switch n {
				case 2, 5, 10: // the second page of a walk: the row at its top slips onto the first
					c.rows = c.rows[1:]
				case 3, 6, 11: // and another one makes up for it in the count
					c.rows = append(c.rows, row("late"+strconv.Itoa(n)))
				}
				return false
			}},
		{name: "rows missing here and there", rows: 212, want: 212, searches: (1 + maxRereads + 2) + (1 + maxRereads + 4),
			before: func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
				if r.URL.Query().Get("page") == "1" {
					c.search(w, r, 10)
				}
				return r.URL.Query().Get("page") == "1"
			}},
		{name: "rows that never come", rows: 212, want: 172, code: fault.ListingIncomplete, searches: (1 + maxRereads + 2) + 2*(1+maxRereads+4),
			before: func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
				if r.URL.Query().Get("page") == "1" {
					c.search(w, r, per(r)-10)
				}
				return r.URL.Query().Get("page") == "1"
			}},
		{name: "a row without identity", rows: 0, want: 1, code: fault.ListingIncomplete, searches: 3,
			before: func(n int, _ *http.Request, c *cloud, _ http.ResponseWriter) bool {
				c.rows = []map[string]any{row("a"), {"type": "Photo"}}
				return false
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl := emulated(t, &cloud{rows: library(tc.rows), before: tc.before})
				ids, err := listAll(t, newTestClient(t, cl), media.Window{})
				if fault.CodeOf(err) != tc.code || err != nil && fault.ClassOf(err) != fault.Session {
					t.Errorf("ended with %v, want code %q", err, tc.code)
				}
				if tc.want >= 0 && len(ids) != tc.want {
					t.Errorf("%d media, want %d", len(ids), tc.want)
				}
				if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(ids) {
					t.Error("a medium came twice")
				}
				if tc.searches > 0 && len(cl.searches) != tc.searches {
					t.Errorf("%d searches, want %d", len(cl.searches), tc.searches)
				}
			})
		})
	}
}

func TestMediaWaitsAndTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := emulated(t, &cloud{rows: library(10)})
		cl.before = func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
			if n <= 3 {
				c.search(w, r, 1)
			}
			return n <= 3
		}
		var waits []fault.Wait
		c := newTestClient(t, cl, func(o *Options) { o.OnWait = func(w fault.Wait) { waits = append(waits, w) } })
		start := time.Now()
		if ids, err := listAll(t, c, media.Window{}); err != nil || len(ids) != 10 {
			t.Fatalf("%d media, %v", len(ids), err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("took %v, want 7s", took)
		}
		if len(waits) != 2 || !strings.Contains(waits[0].Reason, "9 of 10") || !waits[1].Until.Equal(start.Add(7*time.Second)) {
			t.Errorf("told of %v", waits)
		}
	})
}

func TestMediaWindow(t *testing.T) {
	day := media.Window{Start: noon.Add(-12 * time.Hour), End: noon.Add(12*time.Hour - 1)}
	cl := emulated(t, &cloud{})
	for id, at := range map[string]any{"first": "2025-06-01T00:00:00Z", "last": "2025-06-01T23:59:59Z", "before": "2025-05-31T23:59:59Z",
		"after": "2025-06-02T00:00:00Z", "unreadable": "yesterday", "none": nil, "zone": "2025-06-01T23:30:00-02:00"} {
		r := row(id)
		r["captured_at"] = at
		cl.rows = append(cl.rows, r)
	}
	ids, err := listAll(t, newTestClient(t, cl), day)
	slices.Sort(ids)
	if want := []string{"first", "last", "none", "unreadable"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("listed %v, %v, want %v", ids, err, want)
	}
	if want := "captured_range=2025-05-31T00%3A00%3A00.000Z%2C2025-06-02T23%3A59%3A59.999Z"; !strings.Contains(cl.searches[0], want) {
		t.Errorf("asked for %s, want %s", cl.searches[0], want)
	}
}

func TestRangeOfHalfOpenWindows(t *testing.T) {
	for _, tc := range []struct {
		w    media.Window
		want string
	}{
		{media.Window{}, ""},
		{media.Window{Start: noon}, "2025-06-01T12:00:00.000Z,9999-12-31T23:59:59.999Z"},
		{media.Window{End: noon}, "0001-01-01T00:00:00.000Z,2025-06-01T12:00:00.000Z"},
		{widen(media.Window{Start: time.Date(1, 1, 1, 5, 0, 0, 0, time.UTC)}), "0001-01-01T00:00:00.000Z,9999-12-31T23:59:59.999Z"},
		{widen(media.Window{End: time.Date(9999, 12, 31, 5, 0, 0, 0, time.UTC)}), "0001-01-01T00:00:00.000Z,9999-12-31T23:59:59.999Z"},
		{media.Window{Start: noon.In(time.FixedZone("", 3600)), End: noon.Add(time.Hour - 1)}, "2025-06-01T12:00:00.000Z,2025-06-01T12:59:59.999Z"},
	} {
		if got := (Query{Captured: tc.w}).values().Get("captured_range"); got != tc.want {
			t.Errorf("%v: captured_range=%s, want %s", tc.w, got, tc.want)
		}
	}
}

func TestMediaStops(t *testing.T) {
	cl := emulated(t, &cloud{rows: library(212)})
	n := 0
	for _, err := range newTestClient(t, cl).Media(t.Context(), media.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 150 {
			break
		}
	}
	if len(cl.searches) != 2 {
		t.Errorf("%d searches for 150 rows, want 2", len(cl.searches))
	}
	failing := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(406) }))
	ids, err := listAll(t, failing, media.Window{})
	if len(ids) != 0 || fault.CodeOf(err) != fault.Protocol || fault.ClassOf(err) != fault.Session {
		t.Errorf("listed %v, %v", ids, err)
	}
	if _, ok := errors.AsType[*statusError](err); !ok {
		t.Errorf("%v does not say what the service answered", err)
	}
}

// TestACountThatIsWrongForEver: the count is too high or too low in every answer.
func TestACountThatIsWrongForEver(t *testing.T) {
	for _, tc := range []struct {
		name         string
		rows, ghosts int
		code         string
		says         string
		searches     int
	}{
		{"two too high", 210, 2, "", "counts 212 media and lists 210", (3 + maxRereads) + (5 + maxRereads) + (6 + maxRereads) + 2},
		{"two too high after a full page", 200, 2, "", "counts 202 media and lists 200", 0},
		{"two too high, one row", 1, 2, "", "counts 3 media and lists 1", 0},
		{"a hundred too high", 30, 100, "", "counts 130 media and lists 30", 0},
		{"nothing of two", 0, 2, fault.ListingIncomplete, "", 0},
		{"two too low", 212, -2, "", "", 3},
		{"two too low before a full page", 202, -2, "", "", 3},
		{"too low by a page", 212, -100, "", "", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl := emulated(t, &cloud{rows: library(tc.rows), ghosts: tc.ghosts})
				var said []string
				n := 0
				var err error
				for _, e := range newTestClient(t, cl).rows(t.Context(), station.ListOptions{Notice: func(text string) { said = append(said, text) }}) {
					if err = e; e == nil {
						n++
					}
				}
				if n != tc.rows || fault.CodeOf(err) != tc.code {
					t.Errorf("%d media of %d, %v, want code %q", n, tc.rows, err, tc.code)
				}
				if all := strings.Join(said, "\n"); (tc.says == "") != (all == "") || !strings.Contains(all, tc.says) {
					t.Errorf("said %q, want %q", all, tc.says)
				}
				if tc.searches > 0 && len(cl.searches) != tc.searches {
					t.Errorf("%d searches, want %d", len(cl.searches), tc.searches)
				}
			})
		})
	}
}

// TestARowThatIsMissingForEver is no wrong count: it is missed wherever it shows
// as a gap, and found where it is listed in another order only.
func TestARowThatIsMissingForEver(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows int
		lost int // index
		code string
		want int
	}{
		{"the first", 120, 0, fault.ListingIncomplete, 119},
		{"in the middle", 120, 60, fault.ListingIncomplete, 119},
		{"at the end of large pages", 120, 99, fault.ListingIncomplete, 119},
		{"the last but one", 120, 118, fault.ListingIncomplete, 119},
		{"of two", 2, 0, fault.ListingIncomplete, 1},
		{"of four", 4, 1, fault.ListingIncomplete, 3},
		{"the only one", 1, 0, fault.ListingIncomplete, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl := emulated(t, &cloud{rows: library(tc.rows)})
				lost := cl.rows[tc.lost]["id"].(string)
				cl.hide = func(id, _ string) bool { return id == lost }
				ids, err := listAll(t, newTestClient(t, cl), media.Window{})
				if len(ids) != tc.want || fault.CodeOf(err) != tc.code {
					t.Errorf("%d media, %v, want %d and code %q", len(ids), err, tc.want, tc.code)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		cl := emulated(t, &cloud{rows: library(120)})
		cl.hide = func(id, order string) bool { return id == "m0001" && order == "created_at" } // the last
		if ids, err := listAll(t, newTestClient(t, cl), media.Window{}); len(ids) != 120 || err != nil {
			t.Errorf("hidden in one order: %d media, %v", len(ids), err)
		}
	})
}
