package resumable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMediaOnTheWire: requests without bytes say so, none but those of unknown
// length is sent chunked, and net/http follows no 308.
func TestMediaOnTheWire(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, fmt.Sprintf("%s %d%v", r.Method, r.ContentLength, r.TransferEncoding))
		n, _ := io.Copy(io.Discard, r.Body)
		switch cr := r.Header.Get("Content-Range"); {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "start"):
			w.Header().Set("Location", "/session")
		case r.Method == http.MethodPost:
			fmt.Fprintf(w, `{"size":"%d"}`, n)
		case strings.HasSuffix(cr, "/*"):
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", k-1))
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(308)
		}
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	session := &MediaUpload{URL: server.URL + "/start", Client: client}
	u := Uploader{Protocol: session, ChunkSize: k}
	if _, err := u.Upload(t.Context(), FromReader(bytes.NewReader(content(k)))); err != nil {
		t.Error(err)
	}
	if err := session.Cancel(t.Context(), Session{URL: server.URL + "/session"}); err != nil {
		t.Error(err)
	}
	once := &MediaUpload{URL: server.URL + "/simple", Kind: Simple, Client: client}
	for _, size := range []int64{0, 5} {
		if _, err := Upload(t.Context(), once, FromReaderAt(bytes.NewReader(content(size)), size)); err != nil {
			t.Error(err)
		}
	}
	u = Uploader{Protocol: once, ChunkSize: 100}
	if _, err := u.Upload(t.Context(), FromReader(bytes.NewReader(content(5000)))); err != nil {
		t.Error(err)
	}
	want := []string{"POST 2[]", fmt.Sprintf("PUT %d[]", k), "PUT 0[]", "DELETE 0[]", "POST 0[]", "POST 5[]", "POST -1[chunked]"}
	if !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

// TestAllowHost: a host that is allowed may be sent the object.
func TestAllowHost(t *testing.T) {
	data := content(10)
	allow := func(host string) bool { return host == "other.example:8443" }
	put := func(host string) step {
		return step{"PUT " + host + "/s\nContent-Range: bytes 0-9/10\n[0:10]", 200, "", "{}"}
	}
	for location, ok := range map[string]bool{
		"https://other.example:8443": true, "https://other.example": false, "http://other.example:8443": false, "https://other.example:8444": false, "https://other.example.evil.example:8443": false,
	} {
		start := initiate(10)
		start.header = "Location: " + location + "/s"
		s := newScript(t, data, start)
		if ok {
			s.steps = append(s.steps, put(location))
		}
		_, err := Upload(t.Context(), &MediaUpload{URL: resumeURL, Client: s.client(), AllowHost: allow}, FromReaderAt(bytes.NewReader(data), 10))
		if ok && err != nil || !ok && !errors.Is(err, ErrRedirect) {
			t.Errorf("session at %s: %v", location, err)
		}
		s.done()
	}
}

// TestRetryPolicy: the waits are those of the policy, or what the server asks for.
func TestRetryPolicy(t *testing.T) {
	for _, tc := range []struct {
		name     string
		retry    Retry
		header   string
		min, max time.Duration // of all waits together, for three failures
	}{
		{"default", Retry{}, "", 2 * time.Second, 4 * time.Second},
		{"quick", Retry{Initial: time.Millisecond, Max: 2 * time.Millisecond}, "", time.Millisecond, 6 * time.Millisecond},
		{"steep", Retry{Initial: time.Second, Multiplier: 10, Jitter: 0.01}, "", 10 * time.Second, 12 * time.Second},
		{"Retry-After in seconds", Retry{}, "Retry-After: 30", time.Minute, time.Minute + time.Second},
		{"Retry-After as a date", Retry{}, "Date: Sat, 01 Jan 2000 00:00:00 GMT; Retry-After: Sat, 01 Jan 2000 00:01:00 GMT", 2 * time.Minute, 2*time.Minute + time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := initiate(0)
				start.status, start.header = 503, tc.header
				s := newScript(t, nil, start, start, start)
				tc.retry.Attempts = 3
				u := Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: s.client()}, Retry: tc.retry}
				began := time.Now()
				_, err := u.Upload(t.Context(), FromReaderAt(bytes.NewReader(nil), 0))
				if took := time.Since(began); !isStatus(503)(err) || took < tc.min || took > tc.max {
					t.Errorf("%v after %v, want %v to %v", err, took, tc.min, tc.max)
				}
				s.done()
			})
		})
	}
}

// TestRequestDeadline: a chunk that takes too long is given up and asked for.
func TestRequestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(k)
		s := newScript(t, data, initiate(k), ask(308, "", ""), chunk(0, k, fmt.Sprint(k), 200, "", object(k)))
		hung := false
		p := &MediaUpload{URL: resumeURL, Timeouts: Timeouts{Request: 10 * time.Second}, Client: &http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPut && !hung {
					hung = true
					<-r.Context().Done()
					r.Body.Close()
					return nil, r.Context().Err()
				}
				return s.RoundTrip(r)
			}),
		}}
		began := time.Now()
		if _, err := Upload(t.Context(), p, FromReaderAt(bytes.NewReader(data), k)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("took %v", took)
		}
		s.done()
	})
}

// TestCancelledUpload: it ends at once, with the cause, and can be resumed.
func TestCancelledUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newScript(t, content(k), initiate(Unknown))
		in, out := io.Pipe()
		time.AfterFunc(time.Hour, func() { cancel(stop) })
		_, err := Upload(ctx, &MediaUpload{URL: resumeURL, Client: s.client()}, FromReader(in))
		if !errors.Is(err, stop) {
			t.Errorf("Upload: %v", err)
		}
		out.Close() // ends the Read that was left behind
		s.done()
	})
}

// TestAllocationsPerChunk: more chunks take no more memory each.
func TestAllocationsPerChunk(t *testing.T) {
	discard := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
			return reply(200, map[string]string{"Location": "/session"}, "")
		}
		io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 64<<10))
		r.Body.Close()
		var first, last, total int64
		fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total)
		if last+1 == total {
			return reply(200, nil, "")
		}
		return reply(308, map[string]string{"Range": fmt.Sprintf("bytes=0-%d", last)}, "")
	})}
	u := Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: discard}, ChunkSize: k}
	data := content(64 * k)
	of := func(chunks int64) float64 {
		return testing.AllocsPerRun(3, func() {
			if _, err := u.Upload(t.Context(), FromReaderAt(bytes.NewReader(data[:chunks*k]), chunks*k)); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := of(16), of(64)
	t.Logf("%.0f allocations per chunk", (many-few)/48)
	if perChunk := (many - few) / 48; perChunk > 150 || perChunk > 1.2*few/16 {
		t.Errorf("%.0f allocations per chunk of 64, %.0f of 16", perChunk, few/16)
	}
}
