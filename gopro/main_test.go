package gopro

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/emulator"
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

// cloud is the emulated GoPro cloud, holding the rows as they are, except where a
// test interferes. Manifests are the test's own.
type cloud struct {
	e *emulator.Emulator

	mu        sync.Mutex
	rows      []map[string]any  // newest upload first
	manifests map[string]string // by id
	before    func(n int, r *http.Request, c *cloud, w http.ResponseWriter) (answered bool)
	searches  []string // queries
	requests  int
	ghosts    int                         // media that are counted and never listed
	hide      func(id, order string) bool // drops rows from the pages they are on
}

// emulated starts the emulator of a cloud.
func emulated(t *testing.T, c *cloud) *cloud {
	t.Helper()
	var err error
	if c.e, err = emulator.New(emulator.Options{GoPro: emulator.GoProOptions{Overcount: c.ghosts}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.e.Close() })
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	id, isManifest := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/media/"), "/download")
	m, known := c.manifests[id]
	switch {
	case c.before != nil && c.before(c.requests, r, c, w):
	case r.URL.Path == "/media/search":
		c.search(w, r, 0)
	case known:
		writeJSON(w, 200, m)
	case isManifest:
		writeJSON(w, 404, `{"error":"not_found"}`) // as of a medium in the trash
	default:
		status, body := c.ask(r)
		writeJSON(w, status, string(body))
	}
}

// ask has the emulator answer a request.
func (c *cloud) ask(r *http.Request) (status int, body []byte) {
	r = r.Clone(r.Context())
	if r.Header.Get("Authorization") == "Bearer "+testToken {
		r.Header.Set("Authorization", "Bearer "+c.e.GoPro.Token())
	}
	answer, err := c.e.Client().Transport.RoundTrip(r)
	if err != nil {
		return http.StatusBadGateway, []byte(err.Error())
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return http.StatusBadGateway, []byte(err.Error())
	}
	return answer.StatusCode, body
}

// search answers with a page that lacks rows at its end.
func (c *cloud) search(w http.ResponseWriter, r *http.Request, lacking int) {
	c.searches = append(c.searches, r.URL.Query().Encode())
	c.fill()
	status, body := c.ask(r)
	var page struct {
		Embedded struct {
			Errors []any            `json:"errors"`
			Media  []map[string]any `json:"media"`
		} `json:"_embedded"`
		Pages map[string]int `json:"_pages"`
	}
	if status != http.StatusOK || json.Unmarshal(body, &page) != nil {
		writeJSON(w, status, string(body))
		return
	}
	rows, order := page.Embedded.Media, r.URL.Query().Get("order_by")
	rows = rows[:max(0, len(rows)-lacking)]
	if c.hide != nil {
		rows = slices.DeleteFunc(rows, func(row map[string]any) bool { return c.hide(row["id"].(string), order) })
	}
	page.Embedded.Media = rows
	body, _ = json.Marshal(page) // as it was decoded
	writeJSON(w, status, string(body))
}

// fill puts the rows into the emulated account.
func (c *cloud) fill() {
	for _, m := range c.e.GoPro.Library() {
		c.e.GoPro.Remove(m.ID)
	}
	for i, r := range c.rows {
		if err := c.e.GoPro.Add(mediumOf(len(c.rows)-i, r)); err != nil {
			panic(err) // two rows of one id
		}
	}
}

// mediumOf is a medium whose row has the members of r; the ith upload of all.
func mediumOf(i int, r map[string]any) emulator.Medium {
	m := emulator.Medium{
		ID: fmt.Sprint("without id ", i), Captured: noon, Created: noon.Add(time.Duration(i) * time.Second),
		Odd: map[string]json.RawMessage{"id": json.RawMessage("null")},
	}
	for name, value := range r {
		m.Odd[name], _ = json.Marshal(value) // of texts, numbers and lists
	}
	if id, ok := r["id"].(string); ok {
		m.ID = id
	}
	m.Type, _ = r["type"].(string)
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(r["captured_at"])); err == nil {
		m.Captured = at
	}
	return m
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
