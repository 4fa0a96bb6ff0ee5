package resumable

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Commands, as errors name them.
const (
	commandRaw      = "raw upload"
	commandStart    = "start upload"
	commandUpload   = "upload segment"
	commandFinalize = "upload last segment"
	commandQuery    = "query upload"
	commandCancel   = "cancel upload"
)

const maxToken = 16 << 10 // bytes

// XGoogUpload speaks the X-Goog-Upload protocol as Google Photos does. It is
// safe for concurrent use.
//
// Every method sends one request. Refusals are *StatusError, answers that make
// no sense *ProtocolError; an error of a cancelled context is its cause.
type XGoogUpload struct {
	// URL is where sessions are started and raw uploads go, such as
	// "https://photoslibrary.googleapis.com/v1/uploads".
	URL string
	// Client sends the requests and authorises them; nil means
	// http.DefaultClient. Redirects are not followed. Its Timeout must be 0: it
	// would count the body.
	Client   *http.Client
	Timeouts Timeouts
	// AllowHost, if not nil, reports whether a session may be at a host, such as
	// "uploads.example:8443", that is not the one of URL.
	AllowHost func(host string) bool
}

var _ Protocol = (*XGoogUpload)(nil)

// Raw uploads body, m.Size bytes, in one request. The result is the upload token.
func (p *XGoogUpload) Raw(ctx context.Context, m Media, body io.Reader) (State, error) {
	h := startHeader("", m)
	h.Set(headerProtocol, "raw")
	h.Set(headerType, contentType(m))
	a, err := p.do(ctx, request{command: commandRaw, url: p.URL, header: h, body: body, length: m.Size})
	if err != nil {
		return State{}, err
	}
	result, err := token(commandRaw, a.body)
	return State{Final: true, Confirmed: m.Size, Result: result, Status: a.status}, err
}

// Start opens a session for m.Size bytes.
func (p *XGoogUpload) Start(ctx context.Context, m Media) (Session, error) {
	h := startHeader("start", m)
	h.Set(headerProtocol, "resumable")
	h.Set(headerType, contentType(m))
	if m.Size != Unknown {
		h.Set(headerRawSize, strconv.FormatInt(m.Size, 10))
	}
	if m.Metadata != nil {
		h.Set("Content-Type", jsonType)
	}
	a, err := p.do(ctx, request{
		command: commandStart, url: p.URL, header: h, body: bytes.NewReader(m.Metadata), length: int64(len(m.Metadata)),
	})
	if err != nil {
		return Session{}, err
	}
	return p.opened(a.header)
}

// opened returns the session that an answer to start opens.
func (p *XGoogUpload) opened(h http.Header) (Session, error) {
	if s := uploadStatus(h); s != statusActive {
		return Session{}, &ProtocolError{Command: commandStart, Reason: fmt.Sprintf("session is %q, not active", s)}
	}
	unit, err := granularity(h)
	if err != nil {
		return Session{}, &ProtocolError{Command: commandStart, Reason: err.Error()}
	}
	at, err := sessionURL(h.Get(headerURL))
	if err == nil {
		err = allowed(p.URL, at, p.AllowHost)
	}
	if err != nil {
		return Session{}, refused(commandStart, err)
	}
	return Session{URL: at.String(), Granularity: unit}, nil
}

// Upload sends a segment that is not the last. It returns ErrOffset or
// ErrGranularity, without sending, for one that the server would refuse.
func (p *XGoogUpload) Upload(ctx context.Context, s Session, seg Segment) error {
	if err := seg.check(s.Granularity); err != nil {
		return err
	}
	if seg.Last() {
		return fmt.Errorf("%w: the last segment is for Finalize", ErrOffset)
	}
	a, err := p.do(ctx, request{
		command: commandUpload, url: s.URL, header: segmentHeader("upload", seg), body: seg.Body, length: seg.Length,
	})
	if err != nil {
		return err
	}
	return expect(commandUpload, statusActive, a)
}

// Finalize sends the last segment and returns the upload token. The segment
// may be empty if the server holds all bytes but does not know that they are
// all. An answer without a session status is a failure, but a token in it is
// returned: it counts if the session turns out to be finished.
func (p *XGoogUpload) Finalize(ctx context.Context, s Session, seg Segment) (string, error) {
	if err := seg.check(s.Granularity); err != nil {
		return "", err
	}
	if !seg.Last() {
		return "", fmt.Errorf("%w: only the last segment is for Finalize", ErrOffset)
	}
	a, err := p.do(ctx, request{
		command: commandFinalize, url: s.URL, header: segmentHeader("upload, finalize", seg), body: seg.Body, length: seg.Length,
	})
	if err != nil {
		return "", err
	}
	result, tokenErr := token(commandFinalize, a.body)
	if err := expect(commandFinalize, statusFinal, a); err != nil {
		if uploadStatus(a.header) != "" {
			result = ""
		}
		return result, err
	}
	return result, tokenErr
}

// Query asks where a session stands. A finished session may come without its
// token; a cancelled one is ErrSessionLost.
func (p *XGoogUpload) Query(ctx context.Context, s Session) (State, error) {
	a, err := p.do(ctx, request{command: commandQuery, url: s.URL, header: header("query")})
	if err != nil {
		return State{}, err
	}
	result, tokenErr := token(commandQuery, a.body)
	n, err := received(a.header)
	switch status := uploadStatus(a.header); {
	case status == statusFinal, status == "" && tokenErr == nil:
		return State{Final: true, Result: result, Status: a.status}, nil
	case status == statusCancelled:
		return State{}, &ProtocolError{commandQuery, "session was cancelled", ErrSessionLost}
	case status == statusActive && n == absent:
		err = fmt.Errorf("%s is missing", headerReceived)
	case status != statusActive && (status != "" || n == absent):
		err = errors.New("answer without a session status")
	}
	if err != nil {
		return State{}, &ProtocolError{Command: commandQuery, Reason: err.Error()}
	}
	return State{Confirmed: n}, nil
}

// Cancel ends a session; what it holds is forgotten.
func (p *XGoogUpload) Cancel(ctx context.Context, s Session) error {
	_, err := p.do(ctx, request{command: commandCancel, url: s.URL, header: header("cancel")})
	return err
}

// Send is Finalize for the last segment and Upload for the others.
func (p *XGoogUpload) Send(ctx context.Context, s Session, seg Segment) (State, error) {
	if !seg.Last() {
		return State{Confirmed: seg.Offset + seg.Length}, p.Upload(ctx, s, seg)
	}
	result, err := p.Finalize(ctx, s, seg)
	return State{Final: true, Confirmed: seg.Total, Result: result}, err
}

func (p *XGoogUpload) do(ctx context.Context, r request) (answer, error) {
	a, err := exchange(ctx, cmp.Or(p.Client, http.DefaultClient), p.Timeouts, r)
	if err != nil {
		return answer{}, err
	}
	if a.status/100 != 2 {
		return answer{}, DecodeError(r.command, a.status, a.header, a.body)
	}
	return a, nil
}

// startHeader returns the header of a request that begins an upload.
func startHeader(command string, m Media) http.Header {
	h := withHeader(m)
	for name, values := range header(command) {
		h[name] = values
	}
	return h
}

func header(command string) http.Header {
	h := http.Header{"Content-Type": {"application/octet-stream"}}
	if command != "" {
		h.Set(headerCommand, command)
	}
	return h
}

func segmentHeader(command string, seg Segment) http.Header {
	h := header(command)
	h.Set(headerOffset, strconv.FormatInt(seg.Offset, 10))
	return h
}

func contentType(m Media) string {
	return cmp.Or(m.ContentType, "application/octet-stream")
}

// expect checks that a segment's answer is an acknowledgement.
func expect(command, want string, a answer) error {
	got := uploadStatus(a.header)
	if got == want {
		return nil
	}
	e := &ProtocolError{Command: command, Reason: fmt.Sprintf("session is %q, not %s", got, want)}
	switch got {
	case statusFinal:
		e.Err = ErrFinal
	case statusCancelled:
		e.Err = ErrSessionLost
	}
	return e
}

// token reads an upload token: one word of text. Anything that parses as JSON
// or looks like a page is something else that came with a 2xx.
func token(command string, body []byte) (string, error) {
	t := strings.TrimSpace(string(body))
	switch {
	case t == "":
		return "", &ProtocolError{command, "answer without an upload token", ErrFinal}
	case len(t) > maxToken, json.Valid([]byte(t)), strings.ContainsFunc(t, notTokenRune):
		return "", &ProtocolError{command, "answer is not an upload token", ErrFinal}
	}
	return t, nil
}

func notTokenRune(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }

// sessionURL checks where a session is. One that is not encrypted exists only for
// tests, at a loopback address.
func sessionURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case raw == "":
		return nil, fmt.Errorf("%s is missing", headerURL)
	case err != nil || u.Host == "" || u.User != nil:
		return nil, fmt.Errorf("%s is not a URL", headerURL)
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return nil, fmt.Errorf("%s is neither https nor loopback", headerURL)
	}
	return u, nil
}
