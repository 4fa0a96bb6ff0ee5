package gopro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// maxRefused is how many refused addresses in a row one Open puts up with.
const maxRefused = 3

// Open opens an item at a byte offset. It resolves a fresh address if the one it
// remembers is about to expire or is refused, always of the same entry of the
// manifest. Of the bytes behind it, it opens only the given version, if there is
// one: other bytes, or an answer that does not say which they are, are a fault
// with fault.Changed. Body fails with
// io.ErrUnexpectedEOF when it ends early, and when no byte comes for a minute.
//
// Opening at the very end gives an empty body. An item that is not in the cloud
// any more, or that never had an identity, is a fault with fault.Gone. The
// first opening of a size that is not the one on record is confirmed by another.
func (s *Source) Open(ctx context.Context, item media.Item, offset int64, version string) (*station.Content, error) {
	op := "open " + item.Name
	if item.ID.Station != scheme {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: op,
			Err:  errors.New("the session knows only its name, which does not identify a file in the GoPro cloud"),
			Hint: "sync its capture window again: what is found there is carried"}
	}
	if offset < 0 {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: op, Err: fmt.Errorf("offset %d", offset)}
	}
	content, err := s.open(ctx, item, offset, version)
	if err != nil || version != "" || item.Size <= 0 || content.Size == item.Size {
		return content, err
	}
	return s.confirm(ctx, item, offset, content)
}

// confirm opens an item again whose size is a surprise: an answer that was cut
// short on its way, with a length to match, would pass for the whole file.
func (s *Source) confirm(ctx context.Context, item media.Item, offset int64, first *station.Content) (*station.Content, error) {
	first.Body.Close()
	s.urls.forget(addressKey(item))
	second, err := s.open(ctx, item, offset, "")
	if err != nil {
		return nil, err
	}
	if second.Size != first.Size {
		second.Body.Close()
		return nil, protocolFault("open "+item.Name, fmt.Errorf("it came with %d bytes, then with %d", first.Size, second.Size))
	}
	return second, nil
}

// Prepare resolves the address of an item unless one is known that lives long
// enough, so that the next Open has nothing to ask the API for.
func (s *Source) Prefetch(ctx context.Context, item media.Item) error {
	if item.ID.Station != scheme {
		return nil // Open says what is wrong with it
	}
	_, _, err := s.locate(ctx, item)
	return err
}

func (s *Source) open(ctx context.Context, item media.Item, offset int64, version string) (*station.Content, error) {
	for refused := 1; ; refused++ {
		entry, fresh, err := s.locate(ctx, item)
		if err != nil {
			return nil, err
		}
		content, err := s.client.fetch(ctx, request{op: "open " + item.Name, url: entry.URL, offset: offset, version: version, done: func() { s.urls.forget(addressKey(item)) }})
		if !isRefusedAddress(err, fresh) {
			return content, err
		}
		s.urls.forget(addressKey(item))
		if refused == maxRefused {
			return nil, err
		}
	}
}

// isRefusedAddress reports whether a fresh address may help: signatures expire
// and objects move.
func isRefusedAddress(err error, fresh bool) bool {
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusGone:
		return true
	case http.StatusNotFound:
		return !fresh
	}
	return false
}

// errLeft says that the caller that asked on behalf of all has stopped waiting.
var errLeft = errors.New("stopped waiting")

// resolveAttempts is how often one opening asks for a manifest: its caller
// opens again.
const resolveAttempts = 2

// resolve asks for the manifest of an item's medium, once for all who want it at
// the same time.
func (s *Source) resolve(ctx context.Context, item media.Item) ([]Entry, error) {
	for {
		flight := s.flights.DoChan(item.ID.Medium, func() (any, error) {
			entries, err := s.entries(ctx, item)
			if ctx.Err() != nil {
				return nil, errLeft
			}
			return entries, err
		})
		select {
		case r := <-flight:
			if r.Err == errLeft && ctx.Err() == nil {
				continue
			}
			if r.Err == errLeft {
				return nil, context.Cause(ctx)
			}
			entries, _ := r.Val.([]Entry)
			return entries, r.Err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// entries asks for the manifest of an item's medium: once for a medium that could
// not be had while it was listed, since that was asked for often enough.
func (s *Source) entries(ctx context.Context, item media.Item) ([]Entry, error) {
	doubt, doubted := s.doubts.of(item.ID.Medium)
	if err := doubt.answer(); err != nil {
		return nil, err
	}
	attempts := resolveAttempts
	if doubted {
		attempts = 1
	}
	m, err := s.client.manifest(ctx, item.ID.Medium, attempts)
	if err == nil && doubted {
		err = s.checkDoubt(doubt, m)
	}
	if err != nil {
		if doubted && ctx.Err() == nil {
			s.doubts.fail(item.ID.Medium, err)
		}
		return nil, err
	}
	s.doubts.settle(item.ID.Medium)
	entries := carriable(m, isPhoto(item.Type, item.Name))
	s.urls.put(item.ID.Medium, entries, m.served, true)
	return entries, nil
}

// request is one for bytes.
type request struct {
	op      string
	url     string // signed
	offset  int64
	version string
	done    func() // called when the last byte was read
}

// fetch asks the CDN for bytes, when it has not asked to wait.
func (c *Client) fetch(ctx context.Context, r request) (*station.Content, error) {
	if err := c.cdnRecess.wait(ctx, c.retry.Obey, c.onWait); err != nil {
		return nil, err
	}
	content, err := c.open(ctx, r)
	c.cdnRecess.note(err)
	return content, err
}

func (c *Client) open(ctx context.Context, r request) (*station.Content, error) {
	u, err := verbatim(r.url)
	if err == nil {
		err = checkStep(c.base, u)
	}
	if err != nil {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: r.op, Err: err}
	}
	w, ctx := watch(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.Scheme+"://"+u.Host, nil)
	if err != nil {
		w.stop()
		return nil, &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: r.op, Err: errNoAddress}
	}
	req.URL = u
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept-Encoding", "identity")
	// From the first byte on, too: the answer to a range has the size of the
	// whole file beside its own length, which may have been cut on its way.
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-", r.offset))
	if validator := ifRange(r.version); r.offset > 0 && validator != "" {
		req.Header.Set("If-Range", validator)
	}
	c.cdnRequests.Add(1)
	w.arm(firstByteTimeout)
	resp, err := c.cdn.Do(req)
	w.disarm()
	if err != nil {
		err = w.fault(r.op, err)
		w.stop()
		return nil, err
	}
	c.log.DebugContext(ctx, "cdn request", "op", r.op, "offset", r.offset, "status", resp.StatusCode)
	content, err := r.content(resp, w)
	if err != nil {
		resp.Body.Close()
		w.stop()
		return nil, err
	}
	return content, nil
}

// content makes of an answer what was asked for.
func (r request) content(resp *http.Response, w *watchdog) (*station.Content, error) {
	if kind := documentType(resp); kind != "" && resp.StatusCode < 300 {
		return nil, protocolFault(r.op, fmt.Errorf("the answer is %s instead of the file", kind))
	}
	if coding := contentCoding(resp); coding != "" && resp.StatusCode < 300 {
		return nil, protocolFault(r.op, fmt.Errorf("the answer is the file encoded as %q, which was not asked for", coding))
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return r.whole(resp, w)
	case http.StatusPartialContent:
		return r.part(resp, w)
	case http.StatusRequestedRangeNotSatisfiable:
		return r.beyond(resp, w)
	}
	f := statusFault(r.op, resp, "")
	f.Hint = ""
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusGone: // about the address, not the account
		f.Class, f.Code = fault.Transient, fault.Server
	}
	if f.Class == fault.Session {
		f.Class = fault.Item
	}
	return nil, f
}

// documentType returns the type of an answer that is a page or a document, as
// something between here and the CDN may give; "" for a file.
func documentType(resp *http.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if strings.HasSuffix(kind, "html") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") {
		return kind
	}
	return ""
}

// contentCoding returns how an answer is encoded; "" if it is as it was asked for.
func contentCoding(resp *http.Response) string {
	coding := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ", ")))
	if coding == "identity" {
		return ""
	}
	return coding
}

// part reads an answer 206.
func (r request) part(resp *http.Response, w *watchdog) (*station.Content, error) {
	first, last, size, ok := contentRange(resp.Header.Get("Content-Range"))
	if !ok || first != r.offset || last != size-1 {
		return nil, protocolFault(r.op, errors.New("the answer is not the range that was asked for"))
	}
	version := versionOf(resp.Header, size)
	if r.version != "" && version != r.version {
		return nil, r.changed()
	}
	return r.deliver(resp.Body, size-first, size, version, w), nil
}

// whole reads an answer 200: to a request for a range, it says that the bytes
// are not that version's, or that the server knows no ranges.
func (r request) whole(resp *http.Response, w *watchdog) (*station.Content, error) {
	size := resp.ContentLength
	version := versionOf(resp.Header, size)
	switch {
	case size < 0:
		return nil, protocolFault(r.op, errors.New("the answer does not say how long it is"))
	case r.version != "" && version != r.version, r.offset > size:
		return nil, r.changed()
	}
	c := r.deliver(resp.Body, size, size, version, w)
	if _, err := io.CopyN(io.Discard, c.Body, r.offset); err != nil {
		return nil, err
	}
	return c, nil
}

// beyond reads an answer 416: at the very end there is nothing left to have. Such
// answers often name no version. That proves nothing, and need not: no byte of
// them is carried.
func (r request) beyond(resp *http.Response, w *watchdog) (*station.Content, error) {
	size, ok := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes */")
	n, err := strconv.ParseInt(size, 10, 64)
	if !ok || err != nil || n != r.offset {
		return nil, r.changed()
	}
	version := cmp.Or(versionOf(resp.Header, n), r.version)
	if r.version != "" && version != r.version {
		return nil, r.changed()
	}
	resp.Body.Close()
	return r.deliver(http.NoBody, 0, n, version, w), nil
}

func (r request) deliver(from io.ReadCloser, left, size int64, version string, w *watchdog) *station.Content {
	body := &body{from: from, left: left, op: r.op, watch: w, done: r.done}
	return &station.Content{Body: body, Offset: r.offset, Size: size, Version: version}
}

func (r request) changed() error {
	return &fault.Error{Class: fault.Item, Code: fault.Changed, Op: r.op,
		Err: errors.New("its bytes in the GoPro cloud are not those that were begun")}
}

// contentRange reads "bytes first-last/size".
func contentRange(header string) (first, last, size int64, ok bool) {
	span, total, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	from, to, ok2 := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	return first, last, size, ok && ok2 && errors.Join(err1, err2, err3) == nil && 0 <= first && first <= last && last < size
}

var errNoAddress = errors.New("the GoPro cloud gave an address that is none")

// verbatim parses a signed address so that it is sent byte for byte: writing it
// in another way would break the signature. Its errors do not repeat it.
func verbatim(signed string) (*url.URL, error) {
	u, err := url.Parse(signed)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errNoAddress
	}
	if err := checkScheme(u); err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(signed, "://"+u.Host)
	if u.RequestURI() != rest && strings.HasPrefix(rest, "/") && !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
		p, query, found := strings.Cut(rest, "?")
		u.Opaque, u.RawQuery, u.ForceQuery = p, query, found
	}
	return u, nil
}
