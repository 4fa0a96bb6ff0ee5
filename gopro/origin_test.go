package gopro

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola/fault"
)

// newOriginSource returns a source of a cloud whose account record is answered
// with a status and a body, and whose newest medium has an owner.
func newOriginSource(t *testing.T, status int, body string, owner any) (*Source, *Client) {
	t.Helper()
	service := emulated(t, &cloud{rows: library(2)})
	for _, r := range service.rows {
		r["gopro_user_id"] = owner
	}
	if owner == nil {
		service.rows = nil
	}
	service.before = func(_ int, r *http.Request, _ *cloud, w http.ResponseWriter) bool {
		if r.URL.Path == "/media/user" {
			writeJSON(w, status, body)
		}
		return r.URL.Path == "/media/user"
	}
	c := newTestClient(t, service)
	s, err := NewSource(c, SourceOptions{Name: "gopro@anna:"})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestOriginIsTheUserOfTheToken(t *testing.T) {
	for _, tc := range []struct {
		name     string
		status   int
		body     string
		owner    any
		want     string
		requests int64
	}{
		{"the account's own record", 200, `{"id":"0f3a-9e"}`, "other", "gopro:0f3a-9e", 1},
		{"no such record", 404, `{"error":"not_found"}`, "0f3a-9e", "gopro:0f3a-9e", 2},
		{"a record without an id", 200, `{"total_count":7}`, "0f3a-9e", "gopro:0f3a-9e", 2},
		{"an id that cannot be one", 200, `{"id":"a b\nc"}`, "0f3a-9e", "gopro:0f3a-9e", 2},
		{"media of an unreadable owner", 404, `{}`, strings.Repeat("x", 200), "", 2},
		{"an empty library", 404, `{}`, nil, "", 2},
	} {
		s, c := newOriginSource(t, tc.status, tc.body, tc.owner)
		for range 3 {
			if got, err := s.Origin(t.Context()); got != tc.want || err != nil {
				t.Errorf("%s: Origin = %q, %v, want %q", tc.name, got, err, tc.want)
			}
		}
		if got := c.Requests()["gopro"]; got != tc.requests {
			t.Errorf("%s: %d requests, want %d", tc.name, got, tc.requests)
		}
	}
}

func TestOriginIsAskedForOnceByManyCallers(t *testing.T) {
	s, c := newOriginSource(t, 200, `{"id":"u1"}`, nil)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if got, err := s.Origin(t.Context()); got != "gopro:u1" || err != nil {
				t.Errorf("Origin = %q, %v", got, err)
			}
		})
	}
	callers.Wait()
	if got := c.Requests()["gopro"]; got != 1 {
		t.Errorf("%d requests", got)
	}
}

func TestOriginFailsAsItsRequestDoes(t *testing.T) {
	s, _ := newOriginSource(t, 401, `{}`, "u1")
	if _, err := s.Origin(t.Context()); fault.CodeOf(err) != fault.Auth {
		t.Errorf("with a dead token: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone home")
	cancel(gone)
	if _, err := s.Origin(ctx); !errors.Is(err, gone) {
		t.Errorf("after a cancellation: %v", err)
	}
}

// An answer that comes short proves nothing: it is asked for again.
func TestOriginOfAShortPageIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newOriginSource(t, 404, `{}`, "u1")
		short := c.api.Transport.(inProcess).Handler.(*cloud)
		before, asked := short.before, 0
		short.before = func(n int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
			if r.URL.Path != "/media/search" {
				return before(n, r, c, w)
			}
			if asked++; asked == 1 {
				c.search(w, r, 1)
			}
			return asked == 1
		}
		if got, err := s.Origin(t.Context()); got != "gopro:u1" || err != nil || asked != 2 {
			t.Errorf("Origin = %q, %v after %d searches", got, err, asked)
		}
	})
}
