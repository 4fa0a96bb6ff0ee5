package resumable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scripted answers every request with the same.
func scripted(status int, header map[string]string, body string) *XGoogUpload {
	return &XGoogUpload{URL: "https://photos.example/v1/uploads", Client: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
			}
			h := http.Header{}
			for k, v := range header {
				h.Set(k, v)
			}
			return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
		}),
	}}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var testSession = Session{URL: "https://photos.example/v1/uploads?upload_id=secret", Granularity: 10}

func TestStartAnswers(t *testing.T) {
	good := map[string]string{
		"X-Goog-Upload-Status": "active", "X-Goog-Upload-URL": testSession.URL, "X-Goog-Upload-Chunk-Granularity": "10",
	}
	for _, tc := range []struct {
		name   string
		header string
		value  string // "" leaves the header out
		unit   int64  // of the session; 0: no session
	}{
		{"good", "X-Ignored", "x", 10},
		{"no granularity", "X-Goog-Upload-Chunk-Granularity", "", 256 << 10},
		{"bad granularity", "X-Goog-Upload-Chunk-Granularity", "-1", 0},
		{"zero granularity", "X-Goog-Upload-Chunk-Granularity", "0", 0},
		{"rejected", "X-Goog-Upload-Status", "final", 0},
		{"no status", "X-Goog-Upload-Status", "", 0},
		{"no URL", "X-Goog-Upload-URL", "", 0},
		{"plain URL", "X-Goog-Upload-URL", "http://photos.example/x?upload_id=secret", 0},
		{"loopback URL", "X-Goog-Upload-URL", "http://localhost:1/x?upload_id=secret", 0},
		{"another host", "X-Goog-Upload-URL", "https://evil.example/x?upload_id=secret", 0},
		{"another port", "X-Goog-Upload-URL", "https://photos.example:8443/x?upload_id=secret", 0},
		{"relative URL", "X-Goog-Upload-URL", "/x?upload_id=secret", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := map[string]string{tc.header: tc.value}
			for k, v := range good {
				if k != tc.header {
					header[k] = v
				}
			}
			s, err := scripted(200, header, "").Start(t.Context(), Media{Size: 5})
			_, senseless := errors.AsType[*ProtocolError](err)
			if s.Granularity != tc.unit || (err != nil) != (tc.unit == 0) || senseless != (err != nil) {
				t.Errorf("Start = %v, %v", s, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error shows a secret: %v", err)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{"CAISabc_-=/+", "CAISabc_-=/+"},
		{"  token\n", "token"},
		{"", ""},
		{" \n", ""},
		{`{"error":1}`, ""},
		{`"quoted"`, ""},
		{"<html>", ""},
		{"two words", ""},
		{"tøken", ""},
		{strings.Repeat("x", maxToken+1), ""},
	} {
		state, err := scripted(200, nil, tc.body).Raw(t.Context(), Media{Size: 1}, strings.NewReader("x"))
		got := state.Result
		if got != tc.want || errors.Is(err, ErrFinal) != (tc.want == "") {
			t.Errorf("token of %.20q = %q, %v, want %q", tc.body, got, err, tc.want)
		}
	}
}

func TestSegmentRules(t *testing.T) {
	p := scripted(200, map[string]string{"X-Goog-Upload-Status": "active"}, "")
	body := strings.NewReader
	for _, tc := range []struct {
		name string
		seg  Segment
		last bool
		want error
	}{
		{"multiple", Segment{0, 20, 45, body(strings.Repeat("x", 20))}, false, nil},
		{"not a multiple", Segment{0, 15, 45, body("")}, false, ErrGranularity},
		{"empty", Segment{10, 0, 45, body("")}, false, ErrGranularity},
		{"negative offset", Segment{-10, 10, 45, body("")}, false, ErrOffset},
		{"beyond the end", Segment{40, 10, 45, body("")}, false, ErrOffset},
		{"last by the wrong command", Segment{40, 5, 45, body("")}, false, ErrOffset},
		{"not last by the wrong command", Segment{0, 10, 45, body("")}, true, ErrOffset},
		{"overflow", Segment{1 << 62, 1 << 62, 45, body("")}, true, ErrOffset},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var err error
			if tc.last {
				_, err = p.Finalize(t.Context(), testSession, tc.seg)
			} else {
				err = p.Upload(t.Context(), testSession, tc.seg)
			}
			if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestSegmentAnswers(t *testing.T) {
	for _, tc := range []struct {
		status, body string
		want         error // that Finalize's is; nil: success
	}{
		{"final", "token", nil},
		{"final", "", ErrFinal},
		{"cancelled", "token", ErrSessionLost},
	} {
		p := scripted(200, map[string]string{"X-Goog-Upload-Status": tc.status}, tc.body)
		token, err := p.Finalize(t.Context(), testSession, Segment{0, 3, 3, strings.NewReader("abc")})
		if !errors.Is(err, tc.want) || (tc.want == nil) != (token == "token") {
			t.Errorf("%q with %q: %q, %v", tc.status, tc.body, token, err)
		}
	}
	for status, want := range map[string]error{"final": ErrFinal, "canceled": ErrSessionLost} {
		p := scripted(200, map[string]string{"X-Goog-Upload-Status": status}, "")
		if err := p.Upload(t.Context(), testSession, Segment{0, 10, 30, strings.NewReader("0123456789")}); !errors.Is(err, want) {
			t.Errorf("Upload answered %q: %v, want %v", status, err, want)
		}
	}
	for _, status := range []string{"", "active", "strange"} {
		p := scripted(200, map[string]string{"X-Goog-Upload-Status": status}, "token")
		_, err := p.Finalize(t.Context(), testSession, Segment{0, 3, 3, strings.NewReader("abc")})
		if e, ok := errors.AsType[*ProtocolError](err); !ok || e.Err != nil {
			t.Errorf("Finalize answered %q: %v, want a question of where the session stands", status, err)
		}
	}
}

func TestQueryAnswers(t *testing.T) {
	for _, tc := range []struct {
		name     string
		http     int
		status   string
		received string
		body     string
		want     State
		lost     bool
		fails    bool
	}{
		{"active", 200, "active", "20", "", State{Confirmed: 20}, false, false},
		{"final", 200, "final", "", "", State{Final: true}, false, false},
		{"final with token", 200, "final", "", "token", State{Final: true, Result: "token"}, false, false},
		{"final with rubbish", 200, "final", "", "{}", State{Final: true}, false, false},
		{"cancelled", 200, "cancelled", "", "", State{}, true, true},
		{"no status", 200, "", "20", "", State{Confirmed: 20}, false, false},
		{"no status, with token", 200, "", "", "token", State{Final: true, Result: "token"}, false, false},
		{"no status, and nothing else", 200, "", "", "", State{}, false, true},
		{"no status, and a page", 200, "", "", "<html>hello</html>", State{}, false, true},
		{"strange status", 200, "strange", "20", "token", State{}, false, true},
		{"no size", 200, "active", "", "", State{}, false, true},
		{"bad size", 200, "active", "-5", "", State{}, false, true},
		{"unknown", 400, "", "", "", State{}, true, true},
		{"not found", 404, "", "", "", State{}, true, true},
		{"gone", 410, "", "", "", State{}, true, true},
		{"down", 503, "", "", "", State{}, false, true},
		{"unauthorised", 401, "", "", "", State{}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := scripted(tc.http, map[string]string{"X-Goog-Upload-Status": tc.status, "X-Goog-Upload-Size-Received": tc.received}, tc.body)
			got, err := p.Query(t.Context(), testSession)
			if tc.want.Final {
				tc.want.Status = tc.http
			}
			if got != tc.want || errors.Is(err, ErrSessionLost) != tc.lost || (err != nil) != tc.fails {
				t.Errorf("Query = %+v, %v", got, err)
			}
		})
	}
}

func TestCancelForgets(t *testing.T) {
	s := newStrictServer(10)
	p := &XGoogUpload{URL: s.base, Client: s.client()}
	session, err := p.Start(t.Context(), Media{Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Cancel(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Query(t.Context(), session); !errors.Is(err, ErrSessionLost) {
		t.Errorf("Query of a cancelled session = %v", err)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	c := Checkpoint{Session: testSession}
	logger.Info("x", "session", testSession, "checkpoint", c, "result", Result{Response: "secret"})
	text := log.String() + fmt.Sprintf("%v %+v %#v %s %v %+v", testSession, testSession, testSession, testSession, c, c)
	if strings.Contains(text, "secret") {
		t.Errorf("shown: %s", text)
	}
	p := &XGoogUpload{URL: "https://127.0.0.1:1/x?upload_id=secret"}
	for _, url := range []string{p.URL, "https://bad host/?secret", "%zz?secret"} {
		_, err := p.Query(t.Context(), Session{URL: url})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Query of %s = %v", url, err)
		}
	}
}

// The server's refusal is reported, not that the line broke while sending.
func TestEarlyAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 1000)
		w.WriteHeader(413)
		io.WriteString(w, `{"code":3,"message":"too large"}`)
	}))
	defer server.Close()
	client := server.Client()
	p := &XGoogUpload{URL: server.URL, Client: client}
	src := &endless{closed: make(chan struct{})}
	began := time.Now()
	_, err := p.Raw(t.Context(), Media{Size: 1 << 40}, src)
	if e, ok := errors.AsType[*StatusError](err); !ok || e.HTTP != 413 {
		t.Errorf("Raw = %v, want the server's answer", err)
	}
	if time.Since(began) > 10*time.Second {
		t.Errorf("took %v", time.Since(began))
	}
	select {
	case <-src.closed:
	default:
		t.Error("the source was not interrupted")
	}
}

// endless yields a little and then nothing, until it is closed.
type endless struct {
	n      int
	closed chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n += len(p); e.n < 100_000 {
		return len(p), nil
	}
	<-e.closed
	return 0, net.ErrClosed
}

func (e *endless) Close() error { close(e.closed); return nil }

// A source that hangs must not hang the request, whose transport waits for it.
func TestStallOverTheNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	p := &XGoogUpload{URL: server.URL, Client: server.Client(), Timeouts: Timeouts{Stall: time.Second}}
	_, err := p.Raw(t.Context(), Media{Size: 1 << 40}, &endless{closed: make(chan struct{})})
	if _, ok := errors.AsType[*SourceError](err); !ok || !errors.Is(err, ErrStalled) {
		t.Errorf("Raw = %v, want that the source stalled", err)
	}
}

func TestCancelledOverTheNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	stop := errors.New("asked to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := &XGoogUpload{URL: server.URL, Client: server.Client()}
	go func() { time.Sleep(20 * time.Millisecond); cancel(stop) }()
	if _, err := p.Raw(ctx, Media{Size: 1 << 40}, &endless{closed: make(chan struct{})}); !errors.Is(err, stop) {
		t.Errorf("Raw = %v, want %v", err, stop)
	}
}

func TestTimeouts(t *testing.T) {
	for _, tc := range []struct {
		name string
		read int64 // bytes the server takes before it stops
		want time.Duration
	}{
		{"no byte moves", 500, 60 * time.Second},
		{"no answer comes", 1000, 120 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &XGoogUpload{URL: "https://photos.example", Client: &http.Client{
					Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
						io.CopyN(io.Discard, r.Body, tc.read)
						<-r.Context().Done()
						r.Body.Close()
						return nil, r.Context().Err()
					}),
				}}
				began := time.Now()
				_, err := p.Raw(t.Context(), Media{Size: 1000}, strings.NewReader(strings.Repeat("x", 1000)))
				if _, source := errors.AsType[*SourceError](err); !errors.Is(err, ErrStalled) || source {
					t.Errorf("Raw = %v, want that it stalled", err)
				}
				if took := time.Since(began); took != tc.want {
					t.Errorf("took %v, want %v", took, tc.want)
				}
			})
		})
	}
}

func TestSourceErrorIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	p := &XGoogUpload{URL: server.URL, Client: server.Client()}
	gone := errors.New("source is gone")
	for _, tc := range []struct {
		body io.Reader
		want error
	}{
		{io.MultiReader(strings.NewReader("abc"), failing{gone}), gone},
		{strings.NewReader("abc"), io.ErrUnexpectedEOF},
	} {
		_, err := p.Raw(t.Context(), Media{Size: 10}, tc.body)
		if _, ok := errors.AsType[*SourceError](err); !ok || !errors.Is(err, tc.want) {
			t.Errorf("Raw = %v, want %v of the source", err, tc.want)
		}
	}
}

// A success that comes before the bytes have gone is none.
func TestHastySuccess(t *testing.T) {
	p := &XGoogUpload{URL: "https://photos.example", Client: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			io.CopyN(io.Discard, r.Body, 3)
			r.Body.Close()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("token"))}, nil
		}),
	}}
	_, err := p.Raw(t.Context(), Media{Size: 10}, strings.NewReader("0123456789"))
	if _, ok := errors.AsType[*ProtocolError](err); !ok {
		t.Errorf("Raw = %v", err)
	}
}
