package resumable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

const commandFetch = "download"

// fetching is one Download in progress.
type fetching struct {
	d     *Downloader
	f     Fetch
	judge func(error) Verdict
	waits *backoff.ExponentialBackOff
	hash  *digest

	at       Received
	begun    bool // at describes an object
	resumed  int64
	failures int // in a row, without a byte
	saved    int64
	savedAt  time.Time
	buf      []byte
}

func newFetching(d *Downloader, f Fetch) *fetching {
	t := &fetching{
		d: d, f: f, judge: f.Judge, waits: d.Retry.waits(), hash: newDigest(f.Checksum, nil),
		at: Received{Size: Unknown, Object: Object{Size: Unknown}}, savedAt: time.Now(), buf: make([]byte, 128<<10),
	}
	if t.judge == nil {
		t.judge = Judge
	}
	if f.From != nil {
		t.at, t.begun, t.resumed, t.saved = *f.From, f.From.Bytes > 0, f.From.Bytes, f.From.Bytes
		t.hash = resumeDigest(f.Checksum, f.From.HashState, f.From.Bytes, nil)
	}
	return t
}

// run fetches until there is no more.
func (t *fetching) run(ctx context.Context) error {
	for {
		before := t.at.Bytes
		err := t.attempt(ctx)
		if err == nil {
			return nil
		}
		if t.at.Bytes > before {
			t.failures = 0
			t.waits.Reset()
		}
		if err := t.pause(ctx, err); err != nil {
			return err
		}
	}
}

// pause returns nil, after a wait, if another attempt is due.
func (t *fetching) pause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, unsaved := errors.AsType[*saveError](err)
	_, unwritten := errors.AsType[*SinkError](err)
	verdict := t.judge(err)
	t.failures++
	if unsaved || unwritten || !verdict.Retry || t.failures >= t.d.Retry.withDefaults().Attempts {
		return err
	}
	wait := max(verdict.After, t.waits.NextBackOff())
	if t.d.OnWait != nil && wait > time.Second {
		t.d.OnWait(err, time.Now().Add(wait).UTC())
	}
	return sleep(ctx, wait)
}

// attempt sends one request, and writes what it yields. It returns nil when the
// object is complete.
func (t *fetching) attempt(ctx context.Context) error {
	if t.begun && t.at.Bytes == t.at.Size {
		return nil
	}
	reqCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timeouts := t.d.Timeouts.withDefaults()
	watch := newWatchdog(timeouts, 0, func() { cancel(ErrStalled) })
	defer watch.stop()
	resp, err := t.ask(reqCtx)
	if err == nil {
		defer resp.Body.Close()
		watch.answering()
		err = t.receive(ctx, resp, watch)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(context.Cause(reqCtx), ErrStalled):
		return fmt.Errorf("%s: %w", commandFetch, ErrStalled)
	}
	return err
}

// ask sends the request for what is missing.
func (t *fetching) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.f.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", commandFetch, withoutURL(err))
	}
	req.Header = withHeader(Media{Header: t.f.Header})
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity") // else net/http decodes, and hides the length
	}
	if t.at.Bytes > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.at.Bytes))
		if t.at.Validator != "" {
			req.Header.Set("If-Range", t.at.Validator)
		}
	}
	client := *cmp.Or(t.d.Client, http.DefaultClient)
	client.CheckRedirect = t.mayRedirect
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, ErrRedirect) {
			return nil, refused(commandFetch, withoutURL(err))
		}
		return nil, fmt.Errorf("%s: %w", commandFetch, withoutURL(err))
	}
	return resp, nil
}

func (t *fetching) mayRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: redirected too often", ErrRedirect)
	}
	return allowed(t.f.URL, req.URL, t.d.AllowHost)
}

// receive reads an answer.
func (t *fetching) receive(ctx context.Context, resp *http.Response, watch *watchdog) error {
	skip := int64(0)
	switch resp.StatusCode {
	case http.StatusPartialContent:
		if err := t.continues(resp); err != nil {
			return err
		}
	case http.StatusOK:
		if err := t.begins(resp); err != nil {
			return err
		}
		skip = t.at.Bytes
	case http.StatusRequestedRangeNotSatisfiable:
		if resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", t.at.Bytes) && (t.at.Size == Unknown || t.at.Size == t.at.Bytes) {
			return nil
		}
		fallthrough
	default:
		body, _ := jsonlimit.Read(resp.Body, maxAnswer) // its beginning will do
		return DecodeError(commandFetch, resp.StatusCode, resp.Header, body)
	}
	return t.copy(ctx, resp.Body, skip, watch)
}

// begins takes a whole object: the first answer, or one of a server that ignores
// ranges, of which what was received is skipped.
func (t *fetching) begins(resp *http.Response) error {
	etag := strongETag(resp.Header)
	if t.begun && t.at.Bytes > 0 {
		if t.at.Validator == "" || etag != t.at.Validator {
			return t.changed("the server sent another version of the object, or one that cannot be distinguished from it")
		}
		return nil
	}
	object, err := decodeObject(resp.Header, nil)
	if err != nil {
		return &ProtocolError{commandFetch, err.Error(), ErrContradiction}
	}
	if object.Size = resp.ContentLength; object.Size < 0 {
		object.Size = Unknown
	}
	if transcoded(resp.Header) {
		object = &Object{Size: object.Size} // the digests are of the stored bytes
	}
	t.begun, t.at.Size, t.at.Validator, t.at.Object = true, object.Size, etag, *object
	return nil
}

// continues takes what follows the bytes that were received.
func (t *fetching) continues(resp *http.Response) error {
	from, size, err := parseContentRange(resp.Header.Get("Content-Range"))
	switch etag := strongETag(resp.Header); {
	case err != nil:
		return &ProtocolError{Command: commandFetch, Reason: err.Error()}
	case t.at.Bytes == 0:
		return &ProtocolError{commandFetch, "a part was sent of what was asked for whole", ErrContradiction}
	case from != t.at.Bytes:
		return &ProtocolError{commandFetch, fmt.Sprintf("bytes from %d on were sent, not from %d", from, t.at.Bytes), ErrContradiction}
	case t.at.Validator == "":
		return t.changed("the object has no ETag by which to tell its versions apart")
	case etag != "" && etag != t.at.Validator, size != Unknown && t.at.Size != Unknown && size != t.at.Size:
		return t.changed("the object has changed")
	}
	if t.at.Size == Unknown {
		t.at.Size = size
	}
	return nil
}

func (t *fetching) changed(reason string) error {
	return &ProtocolError{commandFetch, fmt.Sprintf("after %d bytes, %s: download it anew", t.at.Bytes, reason), ErrSourceChanged}
}

// copy writes what a body yields after its first bytes.
func (t *fetching) copy(ctx context.Context, body io.Reader, skip int64, watch *watchdog) error {
	for {
		n, err := body.Read(t.buf)
		if n > 0 {
			watch.moved()
		}
		p := t.buf[min(skip, int64(n)):n]
		skip -= int64(n - len(p))
		if err := t.take(ctx, p); err != nil {
			return err
		}
		switch {
		case err == io.EOF && t.at.Size == Unknown:
			return nil
		case err == io.EOF && t.at.Bytes < t.at.Size:
			return fmt.Errorf("%s: %w", commandFetch, io.ErrUnexpectedEOF)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", commandFetch, withoutURL(err))
		}
	}
}

// take writes bytes, and accounts for them.
func (t *fetching) take(ctx context.Context, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if t.at.Size != Unknown && t.at.Bytes+int64(len(p)) > t.at.Size {
		return &ProtocolError{commandFetch, fmt.Sprintf("more than the %d bytes of the object were sent", t.at.Size), ErrContradiction}
	}
	n, err := t.f.To.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return &SinkError{err}
	}
	if err := t.hash.write(p, t.at.Bytes); err != nil {
		return err
	}
	t.at.Bytes += int64(len(p))
	if t.f.Progress != nil {
		t.f.Progress(t.at.Bytes, t.at.Size)
	}
	return t.keepUp(ctx)
}

// keepUp saves how far the download is, now and then.
func (t *fetching) keepUp(ctx context.Context) error {
	if t.f.Save == nil || time.Since(t.savedAt) < saveEvery && t.at.Bytes-t.saved < saveEverySize {
		return nil
	}
	t.at.HashState, _ = t.hash.state()
	t.saved, t.savedAt = t.at.Bytes, time.Now()
	if err := t.f.Save(ctx, t.at); err != nil {
		return &saveError{err}
	}
	return nil
}

// strongETag returns the validator by which ranges of one version can be joined.
func strongETag(h http.Header) string {
	if etag := strings.TrimSpace(h.Get("ETag")); !strings.HasPrefix(etag, "W/") {
		return etag
	}
	return ""
}

// transcoded reports whether Cloud Storage decompressed what it sent.
func transcoded(h http.Header) bool {
	return h.Get("X-Goog-Stored-Content-Encoding") == "gzip" && h.Get("Content-Encoding") != "gzip"
}

// parseContentRange reads "bytes a-b/T" of an answer; T may be "*".
func parseContentRange(v string) (from, size int64, err error) {
	span, total, _ := strings.Cut(strings.TrimPrefix(v, "bytes "), "/")
	first, _, ok := strings.Cut(span, "-")
	from, err = strconv.ParseInt(first, 10, 64)
	if size = Unknown; err == nil && total != "*" {
		size, err = strconv.ParseInt(total, 10, 64)
	}
	if err != nil || !ok || from < 0 || total != "*" && size <= from {
		return 0, 0, fmt.Errorf("header Content-Range is %q", oneLine(v))
	}
	return from, size, nil
}
