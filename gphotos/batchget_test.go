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
			s.items = []MediaItem{{ID: "1"}, {ID: "3"}}
			s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
				fails := tc.status != 200 && strings.HasSuffix(route, ":batchGet")
				if fails {
					apiError(w, tc.status, "INTERNAL", "Internal error encountered.")
				}
				return fails
			}
			items, err := s.client(Options{}).BatchGet(t.Context(), []string{"1", "2", "3"})
			if err != nil {
				t.Fatal(err)
			}
			if len(items) != 3 || items[0].ID != "1" || items[1] != nil || items[2].ID != "3" {
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
	const one, three, unknown = `{"mediaItem":{"id":"1"}}`, `{"mediaItem":{"id":"3"}}`, `{"status":{"code":3}}`
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
			s.items = []MediaItem{{ID: "1"}, {ID: "3"}}
			s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
				batch := strings.HasSuffix(route, ":batchGet")
				if batch {
					io.WriteString(w, `{"mediaItemResults":[`+tc.results+`]}`)
				}
				return batch
			}
			items, err := s.client(Options{}).BatchGet(t.Context(), []string{"1", "2", "3"})
			if err != nil || items[0] == nil || items[0].ID != "1" || items[1] != nil || items[2] == nil || items[2].ID != "3" {
				t.Errorf("items %v, %v", items, err)
			}
			if len(s.log) != 1+tc.alone {
				t.Errorf("requests %q, want %d", s.log, 1+tc.alone)
			}
		})
	}
}
