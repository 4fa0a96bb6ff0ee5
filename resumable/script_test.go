package resumable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// step is one request that a scripted server expects, and its answer.
type step struct {
	// want is the request: method and path, each header in a line of its own, in
	// order, and the body: "{}" as it is, [a:b] for those bytes of the object.
	want   string
	status int // 0: the connection drops
	header string
	body   string
}

// script answers requests in order and complains about those it does not expect.
type script struct {
	t    *testing.T
	data []byte

	mu    sync.Mutex
	steps []step
	log   []string
}

func newScript(t *testing.T, data []byte, steps ...step) *script {
	return &script{t: t, data: data, steps: steps}
}

const scriptHost = "https://upload.example"

func (s *script) client() *http.Client { return &http.Client{Transport: s} }

// RoundTrip checks a request against the script.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.describe(r, body)
	s.log = append(s.log, got)
	if len(s.steps) == 0 {
		s.t.Errorf("request %d is not expected:\n%s", len(s.log), got)
		return nil, io.ErrUnexpectedEOF
	}
	next := s.steps[0]
	s.steps = s.steps[1:]
	if got != strings.TrimSpace(next.want) {
		s.t.Errorf("request %d is\n%s\nwant\n%s", len(s.log), got, strings.TrimSpace(next.want))
	}
	if int64(len(body)) != r.ContentLength && r.ContentLength >= 0 {
		s.t.Errorf("request %d: %d bytes with Content-Length %d", len(s.log), len(body), r.ContentLength)
	}
	if next.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: next.status, Header: parseHeader(next.header), Body: io.NopCloser(strings.NewReader(next.body))}, nil
}

func (s *script) describe(r *http.Request, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, strings.TrimPrefix(r.URL.String(), scriptHost))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
	}
	return strings.TrimSpace(b.String() + s.part(body))
}

// part names the bytes of a body.
func (s *script) part(body []byte) string {
	if bytes.HasPrefix(body, []byte("{")) && len(body) < 64 {
		return string(body)
	}
	if len(body) == 0 {
		return ""
	}
	at := bytes.LastIndex(s.data, body)
	if at < 0 {
		return fmt.Sprintf("%d bytes that are none of the object", len(body))
	}
	return fmt.Sprintf("[%d:%d]", at, at+len(body))
}

func (s *script) done() {
	s.t.Helper()
	if len(s.steps) > 0 {
		s.t.Errorf("%d requests were not sent, the first of them:\n%s", len(s.steps), strings.TrimSpace(s.steps[0].want))
	}
}

// parseHeader reads "A: b; C: d".
func parseHeader(text string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(text, "; ") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			h.Add(name, value)
		}
	}
	return h
}

// recode encodes and decodes a checkpoint, as a process that stops does.
func recode(t *testing.T, c Checkpoint) (decoded Checkpoint) {
	t.Helper()
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
