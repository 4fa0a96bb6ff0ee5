package resumable

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRedirectsAreNotFollowed, with whatever client: the upload URL and what the
// client adds to its requests are credentials.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/taken?upload_id=other", status))
		t.Cleanup(server.Close)
		p := &XGoogUpload{URL: server.URL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		s := Session{URL: server.URL + "/?upload_id=the-upload-id", Granularity: 1}
		_, start := p.Start(t.Context(), Media{Size: 4})
		_, raw := p.Raw(t.Context(), Media{Size: 4}, strings.NewReader("data"))
		_, send := p.Send(t.Context(), s, Segment{Length: 4, Total: 4, Body: strings.NewReader("data")})
		_, query := p.Query(t.Context(), s)
		for command, err := range map[string]error{"start": start, "raw": raw, "send": send, "query": query} {
			if err == nil || strings.Contains(err.Error(), "upload-id") || strings.Contains(err.Error(), "upload_id=other") {
				t.Errorf("%s answered %d: %v", command, status, err)
			}
		}
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

func TestSessionURL(t *testing.T) {
	for _, tc := range []struct {
		url string
		ok  bool
	}{
		{"https://photoslibrary.googleapis.com/v1/uploads?upload_id=x", true},
		{"http://127.0.0.1:1/x", true},
		{"http://[::1]:1/x", true},
		{"http://photoslibrary.googleapis.com/x", false},
		{"http://127.0.0.1.evil.example/x", false},
		{"https://user:password@photoslibrary.googleapis.com/x", false},
		{"ftp://127.0.0.1/x", false},
		{"/v1/uploads?upload_id=x", false},
		{"", false},
	} {
		if _, err := sessionURL(tc.url); (err == nil) != tc.ok || err != nil && strings.Contains(fmt.Sprint(err), "password") {
			t.Errorf("sessionURL(%q): %v", tc.url, err)
		}
	}
}
