package gopro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "SECRET-token"

// inProcess carries requests to a handler without a socket, so that it works in
// a bubble of testing/synctest.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// newTestClient returns a client of a handler.
func newTestClient(t *testing.T, h http.Handler, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{HTTP: &http.Client{Transport: inProcess{h}}, Token: testToken}
	for _, f := range change {
		f(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cloud is a small GoPro cloud that behaves, except where a test interferes.
type cloud struct {
	mu        sync.Mutex
	rows      []map[string]any  // newest upload first
	manifests map[string]string // by id
	before    func(n int, r *http.Request, c *cloud, w http.ResponseWriter) (answered bool)
	searches  []string // queries
	requests  int
	ghosts    int                         // media that are counted and never listed
	hide      func(id, order string) bool // drops rows from the pages they are on
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	switch {
	case c.before != nil && c.before(c.requests, r, c, w):
	case r.Header.Get("Accept") != "application/vnd.gopro.jk.media+json; version=2.0.0":
		w.WriteHeader(http.StatusNotAcceptable)
	case r.Header.Get("Authorization") != "Bearer "+testToken:
		writeJSON(w, 401, `{"error":"invalid_request"}`)
	case r.URL.Path == "/media/user":
		writeJSON(w, 200, `{"id":"u","total_count":7,"total_storage":"123"}`)
	case r.URL.Path == "/media/search":
		c.search(w, r, 0)
	default:
		id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/media/"), "/download")
		if m, ok := c.manifests[id]; ok {
			writeJSON(w, 200, m)
			return
		}
		writeJSON(w, 404, `{"error":"not_found"}`)
	}
}

// search answers with a page that lacks rows at its end.
func (c *cloud) search(w http.ResponseWriter, r *http.Request, lacking int) {
	q := r.URL.Query()
	c.searches = append(c.searches, q.Encode())
	page, _ := strconv.Atoi(q.Get("page"))
	per, _ := strconv.Atoi(q.Get("per_page"))
	lo := min((page-1)*per, len(c.rows))
	hi := min(lo+per, len(c.rows))
	rows := slices.Clone(c.rows[lo:max(lo, hi-lacking)])
	if c.hide != nil {
		rows = slices.DeleteFunc(rows, func(r map[string]any) bool { return c.hide(r["id"].(string), q.Get("order_by")) })
	}
	body, _ := json.Marshal(map[string]any{
		"_embedded": map[string]any{"errors": []any{}, "media": append([]map[string]any{}, rows...)},
		"_pages":    map[string]any{"current_page": page, "per_page": per, "total_items": len(c.rows) + c.ghosts, "total_pages": (len(c.rows) + per - 1) / per},
	})
	writeJSON(w, 200, string(body))
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// library returns n rows, the newest upload first.
func library(n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = row(fmt.Sprintf("m%04d", n-i))
	}
	return rows
}

func row(id string) map[string]any {
	return map[string]any{"id": id, "type": "Photo", "filename": "GOPR0001.JPG", "file_extension": "jpg", "file_size": 8123457,
		"captured_at": "2025-06-01T09:11:05Z", "created_at": "2025-06-01T22:03:18Z", "ready_to_view": "ready"}
}
