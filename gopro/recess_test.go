package gopro

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// strained answers the first request 503 with an hour to wait, and counts those
// that come before it is over.
type strained struct {
	mu    sync.Mutex
	until time.Time
	early int
}

func (s *strained) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"1"`}}, ContentLength: 2, Request: r,
		Body: io.NopCloser(strings.NewReader("{}"))}
	if r.URL.Query().Has("Signature") {
		resp.Header.Set("Content-Type", "binary/octet-stream")
	}
	switch {
	case s.until.IsZero():
		s.until = time.Now().Add(time.Hour)
		resp.StatusCode = 503
		resp.Header.Set("Retry-After", "3600")
	case time.Now().Before(s.until):
		s.early++
	}
	return resp, nil
}

// TestRecessHoldsForAll: when a service has asked for an hour, nothing asks it
// before, whatever it is about.
func TestRecessHoldsForAll(t *testing.T) {
	for name, ask := range map[string]func(*testing.T, *Client) error{
		"the CDN": func(t *testing.T, c *Client) error {
			content, err := c.fetch(t.Context(), request{op: "open x", url: signed("x"), done: func() {}})
			if err == nil {
				content.Body.Close()
			}
			return err
		},
		"the API": func(t *testing.T, c *Client) error {
			_, err := c.once(t.Context(), call{op: "ask", path: "media/user"}, testToken)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &strained{}
				c, err := NewClient(Options{HTTP: &http.Client{Transport: service}, Token: testToken})
				if err != nil {
					t.Fatal(err)
				}
				if err := ask(t, c); fault.RetryAfterOf(err) != time.Hour {
					t.Fatalf("first: %v", err)
				}
				time.Sleep(time.Minute)
				var all sync.WaitGroup
				for range 5 {
					all.Go(func() {
						if err := ask(t, c); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if service.early != 0 {
					t.Errorf("asked %d times before the hour was over", service.early)
				}
			})
		})
	}
}

// TestRecessTooLongForAPerson: a client in a hurry fails instead of waiting, and
// says for how long the service is to be left alone.
func TestRecessTooLongForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := NewClient(Options{HTTP: &http.Client{Transport: &strained{}}, Token: testToken, Retry: fault.Retry{Attempts: 2, Obey: time.Minute}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 2 {
			if _, err := c.once(t.Context(), call{op: "ask", path: "media/user"}, testToken); fault.RetryAfterOf(err) != time.Hour || fault.CodeOf(err) != fault.Server {
				t.Errorf("failed with %v, to wait %v", err, fault.RetryAfterOf(err))
			}
		}
		if time.Since(began) != 0 {
			t.Errorf("waited %v", time.Since(began))
		}
	})
}
