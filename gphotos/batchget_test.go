package gphotos

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestBatchGet(t *testing.T) {
	for _, tc := range []struct {
		name     string
		status   int // of the batch
		requests int
	}{
		{"in one call", 200, 1},
		{"one bad id fails all", 500, 4},
		{"one bad id is blamed", 400, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newService(t)
			one, two, three := s.create("one"), s.create("two"), s.create("three")
			s.e.Google.Drop(two)
			s.log = nil
			s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
				fails := tc.status != 200 && strings.HasSuffix(route, ":batchGet")
				if fails {
					apiError(w, tc.status, "INTERNAL", "Internal error encountered.")
				}
				return fails
			}
			items, err := s.client(Options{}).BatchGet(t.Context(), []string{one, two, three})
			if err != nil {
				t.Fatal(err)
			}
			if len(items) != 3 || items[0].ID != one || items[1] != nil || items[2].ID != three {
				t.Errorf("items %v", items)
			}
			if len(s.log) != tc.requests {
				t.Errorf("requests %q, want %d", s.log, tc.requests)
			}
		})
	}
	c := newService(t).client(Options{})
	for _, ids := range [][]string{nil, {"a", "a"}, {""}, make([]string, 51)} {
		if _, err := c.BatchGet(t.Context(), ids); err == nil {
			t.Errorf("ids %q were taken", ids)
		}
	}
}

// TestBatchGetMatchesResultsByID: what an answer leaves open is asked for alone.
func TestBatchGetMatchesResultsByID(t *testing.T) {
	const one, three, unknown = `{"mediaItem":{"id":"ONE"}}`, `{"mediaItem":{"id":"THREE"}}`, `{"status":{"code":3}}`
	for _, tc := range []struct {
		name, results string
		alone         int // requests
	}{
		{"in order", one + "," + unknown + "," + three, 0},
		{"out of order", three + "," + one + `,{"status":{"code":5}}`, 0},
		{"too few", one, 2},
		{"none", ``, 3},
		{"one twice", one + "," + unknown + "," + one, 2},
		{"a foreign one", one + `,{"mediaItem":{"id":"4"}},` + three, 1},
		{"one that says nothing", one + ",{}," + three, 1},
		{"one that failed", one + "," + unknown + `,{"status":{"code":13}}`, 2},
		{"too many", one + "," + three + "," + unknown + "," + unknown, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newService(t)
			ids := []string{s.create("one"), s.create("two"), s.create("three")}
			s.e.Google.Drop(ids[1])
			s.log = nil
			results := strings.NewReplacer("ONE", ids[0], "THREE", ids[2]).Replace(tc.results)
			s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
				batch := strings.HasSuffix(route, ":batchGet")
				if batch {
					io.WriteString(w, `{"mediaItemResults":[`+results+`]}`)
				}
				return batch
			}
			items, err := s.client(Options{}).BatchGet(t.Context(), ids)
			if err != nil || items[0] == nil || items[0].ID != ids[0] || items[1] != nil || items[2] == nil || items[2].ID != ids[2] {
				t.Errorf("items %v, %v", items, err)
			}
			if len(s.log) != 1+tc.alone {
				t.Errorf("requests %q, want %d", s.log, 1+tc.alone)
			}
		})
	}
}
