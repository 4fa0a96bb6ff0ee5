package resumable

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ChunkUnit is the unit of chunks in Google's media upload protocol, in bytes:
// the length of every chunk but the last is a multiple of it.
const ChunkUnit = 256 << 10

// statusIncomplete is "308 Resume Incomplete": the session waits for more.
const statusIncomplete = http.StatusPermanentRedirect

// Commands of the media upload protocol, as errors name them.
const (
	commandSimple    = "simple upload"
	commandMultipart = "multipart upload"
	commandInitiate  = "initiate upload"
	commandChunk     = "send chunk"
	commandStatus    = "query session"
	commandDelete    = "cancel session"
)

func isMediaCommand(command string) bool {
	switch command {
	case commandSimple, commandMultipart, commandInitiate, commandChunk, commandStatus, commandDelete:
		return true
	}
	return false
}

// Kind is one of the three ways in which the media upload protocol carries an
// object.
type Kind int

// The kinds. The URL of an upload names the same one: its parameter uploadType is
// "resumable", "multipart" or "media". Where an object is not named by its URL, as
// at Drive, one that goes in one request may be stored twice when an answer is lost.
const (
	Resumable Kind = iota // a session, then chunks
	Multipart             // metadata and bytes in one request
	Simple                // the bytes in one request, without metadata
)

// MediaUpload speaks the media upload protocol of Cloud Storage, Drive, YouTube
// and other Google APIs. It is safe for concurrent use.
//
// Each method sends one request; redirects of requests without media are
// followed to hosts that are allowed. Refusals are *StatusError, answers that
// make no sense *ProtocolError; an error of a cancelled context is its cause.
type MediaUpload struct {
	// URL is where the upload goes, such as
	// "https://storage.googleapis.com/upload/storage/v1/b/BUCKET/o?uploadType=resumable&name=OBJECT".
	URL    string
	Kind   Kind
	Method string // of the request that starts the upload; "" for POST
	// Client sends the requests and authorises them; nil means
	// http.DefaultClient. Its Timeout must be 0: it would count the body.
	Client   *http.Client
	Timeouts Timeouts
	// AllowHost, if not nil, reports whether a session may be at, or a redirect
	// may lead to, a host such as "uploads.example:8443" that is not the one of URL.
	AllowHost func(host string) bool
}

var _ Protocol = (*MediaUpload)(nil)

func (p *MediaUpload) rules() rules {
	if p.Kind == Resumable {
		return rules{single: never, unit: ChunkUnit, counted: true}
	}
	return rules{single: always, counted: true}
}

// Raw sends the whole object in one request, with its metadata if there are any:
// URL has to name the kind of upload that is used.
func (p *MediaUpload) Raw(ctx context.Context, m Media, body io.Reader) (State, error) {
	r := request{command: commandSimple, url: p.URL, method: p.Method, header: withHeader(m), body: body, length: m.Size}
	if p.Kind == Simple {
		if m.Metadata != nil {
			return State{}, fmt.Errorf("%w: a simple upload carries no metadata: use a multipart or a resumable one", ErrUnsupported)
		}
		r.header.Set("Content-Type", contentType(m))
	} else {
		wrapped := newMultipart(m, body)
		r.command, r.body, r.length = commandMultipart, wrapped, wrapped.length()
		r.header.Set("Content-Type", wrapped.contentType())
	}
	a, err := p.send(ctx, r)
	if err != nil {
		return State{}, err
	}
	return final(r.command, a)
}

// Start opens a session. Its metadata, if any, and the size of the object, if
// known, go with the request.
func (p *MediaUpload) Start(ctx context.Context, m Media) (Session, error) {
	h := withHeader(m)
	if h.Set("Content-Type", jsonType); p.signed() {
		h.Set("Content-Type", contentType(m)) // the signature is of this header
	} else {
		h.Set("X-Upload-Content-Type", contentType(m))
	}
	if m.Size != Unknown {
		h.Set("X-Upload-Content-Length", strconv.FormatInt(m.Size, 10))
	}
	a, at, err := p.follow(ctx, request{command: commandInitiate, url: p.URL, method: p.Method, header: h}, metadata(m))
	switch {
	case err != nil:
		return Session{}, err
	case a.status/100 != 2:
		return Session{}, refusal(commandInitiate, a)
	}
	location, err := p.locate(at, a.header.Get("Location"))
	if err != nil {
		return Session{}, refused(commandInitiate, err)
	}
	return Session{URL: location, Granularity: ChunkUnit}, nil
}

// signed reports whether URL is a signed URL of Cloud Storage.
func (p *MediaUpload) signed() bool {
	u, err := url.Parse(p.URL)
	return err == nil && (u.Query().Get("X-Goog-Signature") != "" || u.Query().Get("x-goog-signature") != "")
}

// Send sends one chunk. A segment of no bytes that is the last finishes the
// object.
func (p *MediaUpload) Send(ctx context.Context, s Session, seg Segment) (State, error) {
	if err := seg.check(ChunkUnit); err != nil {
		return State{}, err
	}
	a, err := p.exchange(ctx, request{
		command: commandChunk, url: s.URL, method: http.MethodPut,
		header: http.Header{"Content-Range": {contentRange(seg)}}, body: seg.Body, length: seg.Length,
	})
	if err != nil {
		return State{}, err
	}
	switch incomplete, err := p.incomplete(commandChunk, s.URL, a); {
	case err != nil:
		return State{}, err
	case incomplete:
		return confirmed(commandChunk, a, seg.Offset+seg.Length)
	case isFinal(a) && !seg.Last():
		return State{}, &ProtocolError{commandChunk, fmt.Sprintf("answered HTTP %d before the last chunk", a.status), ErrContradiction}
	}
	return final(commandChunk, a)
}

// Query asks how far a session has come.
func (p *MediaUpload) Query(ctx context.Context, s Session) (State, error) {
	a, at, err := p.follow(ctx, request{
		command: commandStatus, url: s.URL, method: http.MethodPut, header: http.Header{"Content-Range": {"bytes */*"}},
	}, nil)
	if err != nil {
		return State{}, err
	}
	switch incomplete, err := p.incomplete(commandStatus, at, a); {
	case err != nil:
		return State{}, err
	case incomplete:
		return confirmed(commandStatus, a, maxChunk)
	}
	return final(commandStatus, a)
}

// Cancel ends a session that will not be finished, where the service documents
// it: at Cloud Storage. Elsewhere a session ends by itself, after a week.
func (p *MediaUpload) Cancel(ctx context.Context, s Session) error {
	a, _, err := p.follow(ctx, request{command: commandDelete, url: s.URL, method: http.MethodDelete, header: http.Header{}}, nil)
	switch {
	case err != nil:
		return err
	case a.status == statusClosed || a.status/100 == 2:
		return nil
	}
	return refusal(commandDelete, a)
}

// send sends a request whose answer ends the upload.
func (p *MediaUpload) send(ctx context.Context, r request) (answer, error) {
	a, err := p.exchange(ctx, r)
	if err == nil && isRedirect(a.status) {
		_, err = p.redirect(r.command, r.url, a)
		err = cmp.Or(err, notRepeated(r.command))
	}
	return a, err
}

func notRepeated(command string) error {
	return &ProtocolError{command, "redirected, but the bytes are sent only where the upload began", ErrRedirect}
}

// follow sends a request without media, and again where it is redirected to. It
// returns the URL that answered.
func (p *MediaUpload) follow(ctx context.Context, r request, body []byte) (answer, string, error) {
	for range maxRedirects {
		r.body, r.length = bytes.NewReader(body), int64(len(body))
		a, err := p.exchange(ctx, r)
		if err != nil || !isRedirect(a.status) || a.status == statusIncomplete && (r.command == commandStatus || a.header.Get("Location") == "") {
			return a, r.url, err
		}
		if r.url, err = p.redirect(r.command, r.url, a); err != nil {
			return answer{}, "", err
		}
	}
	return answer{}, "", &ProtocolError{r.command, "redirected too often", ErrRedirect}
}

const maxRedirects = 5

// redirect returns where an answer points.
func (p *MediaUpload) redirect(command, from string, a answer) (string, error) {
	at, err := p.locate(from, a.header.Get("Location"))
	if err != nil {
		return "", refused(command, fmt.Errorf("HTTP %d: %w", a.status, err))
	}
	return at, nil
}

// locate returns the URL of a Location header, which may be relative.
func (p *MediaUpload) locate(from, location string) (string, error) {
	base, err := url.Parse(from)
	if err != nil || location == "" {
		return "", errors.New("no Location header")
	}
	u, err := base.Parse(strings.TrimSpace(location))
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the Location header is not a URL of https or http")
	}
	return u.String(), allowed(p.URL, u, p.AllowHost)
}

// incomplete reports whether an answer says that the session waits for more. One
// that points elsewhere is an error.
func (p *MediaUpload) incomplete(command, from string, a answer) (bool, error) {
	switch {
	case a.status == http.StatusOK && a.header.Get("X-Http-Status-Code-Override") == "308":
		return true, nil
	case a.status == statusIncomplete && (a.header.Get("Range") != "" || a.header.Get("Location") == ""):
		return true, nil
	case isRedirect(a.status):
		_, err := p.redirect(command, from, a)
		if err == nil && a.status == statusIncomplete {
			return true, nil
		}
		return false, cmp.Or(err, notRepeated(command))
	}
	return false, nil
}

func (p *MediaUpload) exchange(ctx context.Context, r request) (answer, error) {
	if u, err := url.Parse(r.url); err != nil {
		return answer{}, fmt.Errorf("%s: %w", r.command, withoutURL(err))
	} else if err := allowed(p.URL, u, p.AllowHost); err != nil {
		return answer{}, refused(r.command, err) // of a checkpoint
	}
	return exchange(ctx, cmp.Or(p.Client, http.DefaultClient), p.Timeouts, r)
}
