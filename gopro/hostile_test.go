package gopro

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gondola-sync/gondola/fault"
)

// hostile returns a client of a service that answers as handler does, over real
// sockets.
func hostile(t *testing.T, handler http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewClient(Options{BaseURL: server.URL, Token: testToken, Retry: fault.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.api.CloseIdleConnections(); c.cdn.CloseIdleConnections() })
	return c, server
}

// visitor is another host, which notes what it is shown.
func visitor(t *testing.T) (server *httptest.Server, seen *atomic.Pointer[http.Request]) {
	seen = new(atomic.Pointer[http.Request])
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r)
		w.Header().Set("ETag", `"v"`)
		io.WriteString(w, "data")
	}))
	t.Cleanup(server.Close)
	return server, seen
}

func TestRedirectsOfTheAPIAreNotFollowed(t *testing.T) {
	elsewhere, seen := visitor(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, _ := hostile(t, http.RedirectHandler(elsewhere.URL+"/media/user", status).ServeHTTP)
		if _, err := c.User(t.Context()); err == nil || strings.Contains(err.Error(), testToken) {
			t.Errorf("a redirect %d: %v", status, err)
		}
	}
	if r := seen.Load(); r != nil {
		t.Errorf("another host was asked for %s", r.URL)
	}
}

func TestTokensAreRenewedAtTheirOwnHostOnly(t *testing.T) {
	elsewhere, seen := visitor(t)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/v1/oauth2/token", http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	c, err := NewClient(Options{BaseURL: server.URL, Refresh: &OAuth{ClientID: "id", ClientSecret: "the-client-secret", RefreshToken: "the-refresh-token"}, Retry: fault.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.api.CloseIdleConnections)
	_, err = c.User(t.Context())
	if err == nil || strings.Contains(err.Error(), "the-client-secret") || strings.Contains(err.Error(), "the-refresh-token") {
		t.Errorf("renewal by redirect: %v", err)
	}
	if r := seen.Load(); r != nil {
		t.Errorf("another host was asked for %s", r.URL)
	}
}

func TestTheCDNNeverSeesACredential(t *testing.T) {
	elsewhere, seen := visitor(t)
	cdn := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/object", http.StatusFound))
	t.Cleanup(cdn.Close)
	c, _ := hostile(t, http.NotFound)
	content, err := c.open(t.Context(), request{op: "open it", url: cdn.URL + "/object?Signature=the-signature", done: func() {}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(content.Body)
	content.Body.Close()
	if err != nil || string(data) != "data" {
		t.Errorf("read %q, %v", data, err)
	}
	r := seen.Load()
	for _, name := range []string{"Authorization", "Cookie", "Referer"} {
		if r.Header.Get(name) != "" {
			t.Errorf("the CDN was shown %s", name)
		}
	}
	if strings.Contains(fmt.Sprint(r.Header, r.URL), "the-signature") || strings.Contains(fmt.Sprint(r.Header), testToken) {
		t.Error("another host was shown a secret")
	}
}

func TestCheckStep(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		ok       bool
	}{
		{"https://api.gopro.com", "https://cdn.example/x", true},
		{"https://api.gopro.com", "http://cdn.example/x", false},
		{"https://api.gopro.com", "http://127.0.0.1:80/admin", false},
		{"https://api.gopro.com", "file:///etc/passwd", false},
		{"http://127.0.0.1:1", "http://127.0.0.1:2/x", true},
		{"http://127.0.0.1:1", "http://192.0.2.1/x", false},
		{"http://127.0.0.1:1", "https://cdn.example/x", true},
	} {
		from, err := url.Parse(tc.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(tc.to)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkStep(from, to); (err == nil) != tc.ok {
			t.Errorf("from %s to %s: %v", tc.from, tc.to, err)
		}
	}
}

func TestAddressesInTheClearAreNotVisited(t *testing.T) {
	elsewhere, seen := visitor(t)
	c, err := NewClient(Options{Token: testToken}) // the real API, over https
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.open(t.Context(), request{op: "open it", url: elsewhere.URL + "/object?Signature=the-signature", done: func() {}})
	if fault.CodeOf(err) != fault.Protocol || strings.Contains(err.Error(), "the-signature") || seen.Load() != nil {
		t.Errorf("a plain address from the API: %v", err)
	}
}

// TestTheCDNDoesNotSendIntoTheClear: what https led to is not fetched over http.
func TestTheCDNDoesNotSendIntoTheClear(t *testing.T) {
	_, cdn := httpClients(nil)
	from, _ := http.NewRequest(http.MethodGet, "https://cdn.example/object?Signature=the-signature", nil)
	for to, good := range map[string]bool{"https://other.example/object": true, "http://127.0.0.1:1/object": false, "http://other.example/object": false} {
		req, _ := http.NewRequest(http.MethodGet, to, nil)
		req.Header.Set("Referer", from.URL.String())
		if err := cdn.CheckRedirect(req, []*http.Request{from}); (err == nil) != good || req.Header.Get("Referer") != "" {
			t.Errorf("redirected to %s: %v, Referer %q", to, err, req.Header.Get("Referer"))
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	block := bytes.Repeat([]byte(" "), 64<<10)
	for _, status := range []int{200, 500} {
		var written atomic.Int64
		c, server := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			for n := 0; written.Load() < 1<<30; {
				var err error
				if n, err = w.Write(block); err != nil {
					return
				}
				written.Add(int64(n))
			}
		})
		_, err := c.User(t.Context())
		if err == nil || len(err.Error()) > 4<<10 {
			t.Errorf("an endless answer %d: %.200v", status, err)
		}
		server.Close() // waits for the handler
		if n := written.Load(); n > 2*maxAnswer {
			t.Errorf("%d MiB of an endless answer %d were taken", n>>20, status)
		}
	}
}

func TestHeadersAreBounded(t *testing.T) {
	c, server := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		for n := range 200 {
			w.Header().Set(fmt.Sprintf("X-Filler-%d", n), strings.Repeat("x", 1<<10))
		}
		writeJSON(w, 200, `{}`)
	})
	if _, err := c.User(t.Context()); err == nil {
		t.Error("a header of 200 KiB was taken from the API")
	}
	if _, err := c.open(t.Context(), request{op: "open it", url: server.URL + "/object", done: func() {}}); err == nil {
		t.Error("a header of 200 KiB was taken from the CDN")
	}
}

// TestBodiesEndWhereTheyPromised: what comes after the promised length is not
// read, and what promises none is not begun.
func TestBodiesEndWhereTheyPromised(t *testing.T) {
	c, server := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // chunked, without end
		for {
			if _, err := w.Write(make([]byte, 4<<10)); err != nil {
				return
			}
		}
	})
	if content, err := c.open(t.Context(), request{op: "open it", url: server.URL + "/object", done: func() {}}); err == nil {
		content.Body.Close()
		t.Error("a body without end was begun")
	}
}
