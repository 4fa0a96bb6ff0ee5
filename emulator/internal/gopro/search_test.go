package gopro_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestPages(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(450, 3)})
	for _, tt := range []struct {
		query                     string
		rows, per, current, pages int
	}{
		{"", 30, 30, 1, 15},
		{"per_page=100&page=5", 50, 100, 5, 5},
		{"per_page=1000", 200, 200, 1, 3},
		{"per_page=1000&page=3", 50, 200, 3, 3},
		{"page=16", 0, 30, 16, 15},
		{"page=9000000000000000000", 0, 30, 9000000000000000000, 15},
		{"page=0", 0, 30, 0, 15},
	} {
		a := c.Search(tt.query)
		if len(a.Embedded.Media) != tt.rows || a.Pages.Per != tt.per || a.Pages.Current != tt.current ||
			a.Pages.Pages != tt.pages || a.Pages.Items != 450 {
			t.Errorf("%q: %d rows, pages %+v, want %+v", tt.query, len(a.Embedded.Media), a.Pages, tt)
		}
	}
	empty := emutest.NewCloud(t, emulator.Options{}).Search("")
	if empty.Pages.Items != 0 || empty.Pages.Pages != 0 || empty.Embedded.Media == nil {
		t.Errorf("empty library: %+v", empty)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	for _, by := range []string{"", "order_by=captured_at", "order_by=created_at"} {
		field := "captured_at"
		if by == "order_by=created_at" {
			field = "created_at"
		}
		rows := c.Search("per_page=200&" + by).Embedded.Media
		if !slices.IsSortedFunc(rows, func(a, b map[string]any) int {
			return strings.Compare(b[field].(string), a[field].(string))
		}) {
			t.Errorf("%q: rows are not sorted by %s, newest first", by, field)
		}
	}
}

func TestFieldsAndFilters(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	all := c.Search("").Pages.Items
	row := c.Search("fields=filename,nonsense&per_page=1").Embedded.Media[0]
	for _, name := range []string{"filename", "id", "gopro_user_id", "source_gumi", "source_mgumi"} {
		if _, ok := row[name]; !ok {
			t.Errorf("a row of one field lacks %s", name)
		}
	}
	if len(row) != 5 {
		t.Errorf("a row of one field has %d: %v", len(row), row)
	}
	if n := len(c.Search("per_page=1").Embedded.Media[0]); n < 50 {
		t.Errorf("a row of all fields has %d", n)
	}
	for query, want := range map[string]int{
		"type=Burst": 1, "type=Burst,nonsense": 1, "type=nonsense": all, "type=burst": all, "type=TimeLapse,Continuous": 3,
		"processing_states=uploading": 1, "processing_states=nonsense": all, "xcomposition=export": all - 1, "parent_id=x": all,
		"processing_states=registered,rendering,pretranscoding,transcoding,stabilizing,ready,failure": all - 1,
	} {
		if got := c.Search(query).Pages.Items; got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time { v, _ := time.Parse(time.RFC3339, text); return v }
	photo := func(id, captured, created string) sample.Medium {
		m := sample.OnePhoto(1, 1, "a.JPG")
		m.ID, m.Captured, m.Created = id, at(captured), at(created)
		return m
	}
	library := sample.Library{
		photo("first", "2026-01-30T00:00:00Z", "2026-02-01T10:00:00Z"),
		photo("last", "2026-01-31T23:59:59Z", "2026-02-02T10:00:00Z"),
		photo("next", "2026-02-01T00:00:00Z", "2026-02-03T10:00:00Z"),
	}
	lenient, strict := emutest.NewCloud(t, emulator.Options{Library: library}), emutest.NewCloud(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{StrictRange: true}})
	const broken = "500"
	for value, want := range map[string]string{
		"2026-01-30T00:00:00.000Z,2026-01-31T23:59:59.999Z": "last first",
		"2026-01-30T00:00:00.000Z,2026-01-30T00:00:00.000Z": "",
		"2026-01-31T00:00:00.000Z,2026-01-30T00:00:00.000Z": "",
		"2026-01-30T00:00:00.000Z":                          broken,
		"2026-01-30T00:00:00Z,2026-01-31T23:59:59Z":         broken,
		"2026-01-30,2026-01-31":                             broken,
		",":                                                 broken,
		"":                                                  broken,
	} {
		for _, c := range []*emutest.Cloud{lenient, strict} {
			for _, escaped := range []string{url.QueryEscape(value), value} {
				if got := c.RangeOf("captured_range", escaped); got != want {
					t.Errorf("%q: %q, want %q", value, got, want)
				}
			}
		}
	}
	double := "2026-01-30T12:00:00T00:00:00.000Z,2026-02-01T00:00:00+02:00T00:00:00.000Z"
	if got := lenient.RangeOf("captured_range", url.QueryEscape(double)); got != "last first" {
		t.Errorf("double times: %q", got)
	}
	if got := strict.RangeOf("captured_range", url.QueryEscape(double)); got != broken {
		t.Errorf("double times, strict: %q", got)
	}
	extremes := "0001-01-01T00:00:00T00:00:00.000Z,9999-12-31T23:59:59.999999T00:00:00.000Z"
	if got := lenient.RangeOf("captured_range", extremes); got != "next last first" {
		t.Errorf("extremes: %q", got)
	}
	for _, name := range []string{"created_range", "updated_range"} {
		if got := lenient.RangeOf(name, "2026-02-02T00:00:00.000Z,2026-02-02T23:59:59.999Z"); got != "last" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPagesGoWrong(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) (*emutest.Cloud, [][]string) {
		c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(60, 1)})
		var pages [][]string
		for page := 1; page <= 3; page++ {
			pages = append(pages, c.Search(fmt.Sprintf("per_page=20&page=%d", page)).IDs())
		}
		return c, pages
	}
	const second = "per_page=20&page=2"
	t.Run("short, and full at the next try", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultShortPage})
		if a := c.Search(second); !slices.Equal(a.IDs(), pages[1][:12]) || a.Pages.Items != 60 || a.Pages.Pages != 3 {
			t.Errorf("got %v", a)
		}
		if got := c.Search(second).IDs(); !slices.Equal(got, pages[1]) {
			t.Errorf("next try: %v", got)
		}
	})
	t.Run("repeated", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultRepeatPage})
		if got := c.Search(second).IDs(); !slices.Equal(got, pages[0]) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("in another order", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultReorder})
		got := c.Search(second).IDs()
		slices.Reverse(got)
		if !slices.Equal(got, pages[1]) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("with rows inserted before", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultInsertRows, Count: 2})
		a := c.Search(second)
		if !slices.Equal(a.IDs()[:2], pages[0][18:]) || a.Pages.Items != 62 {
			t.Errorf("the seam shows %v, want the last two rows of page 1 again", a.IDs()[:2])
		}
		if n := len(c.GoPro.Expected()); n != 62 {
			t.Errorf("%d files expected, want the inserted ones too", n)
		}
	})
	t.Run("with rows removed before", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultRemoveRows, Count: 3})
		a := c.Search(second)
		if !slices.Equal(a.IDs()[:17], pages[1][3:]) || a.Pages.Items != 57 {
			t.Errorf("the page begins with %s, want three rows skipped", a.IDs()[0])
		}
	})
	t.Run("with media added and removed by the test", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		m := sample.OnePhoto(99, 1, "new.JPG")
		m.Captured = m.Captured.AddDate(1, 0, 0)
		if err := c.GoPro.Add(m); err != nil {
			t.Fatal(err)
		}
		if got := c.Search("per_page=20").IDs(); got[0] != m.ID || got[1] != pages[0][0] {
			t.Errorf("after Add: %v", got[:2])
		}
		c.GoPro.Remove(m.ID, "nobody")
		if got := c.Search("per_page=20").IDs(); !slices.Equal(got, pages[0]) {
			t.Errorf("after Remove: %v", got)
		}
		if err := c.GoPro.Add(c.GoPro.Library()[0]); err == nil {
			t.Error("Add took an id twice")
		}
	})
}
