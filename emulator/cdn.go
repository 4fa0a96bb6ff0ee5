package emulator

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// keyPair names the key that CDN URLs are signed with.
const keyPair = "KEMULATOR0000"

// objectKey names an object in the account.
type objectKey struct {
	medium, label string
	number        int // from 1
}

// signedURL returns a URL that lets a method reach an object for an hour. No two
// are alike.
func (g *GoPro) signedURL(method, path, name string) string {
	query := fmt.Sprintf("response-content-disposition=%s&Expires=%d",
		strings.ReplaceAll(url.QueryEscape("attachment; filename="+dispositionName(name)), "+", "%20"),
		g.now().Add(g.options.URLLife).Unix())
	salt := randomText(9)
	return g.e.base(route.CDN) + path + "?" + query + "&Signature=" + salt + g.signature(method, path, query, salt) +
		"&Key-Pair-Id=" + keyPair
}

// dispositionName is a file name as a header can carry it.
func dispositionName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
}

func (g *GoPro) signature(method, path, query, salt string) string {
	sum := g.sign(strings.Join([]string{"cdn", method, path, query, salt}, "\n"))
	return base64.RawURLEncoding.EncodeToString(sum)
}

// verify reports whether the URL of a request was signed for its method, byte
// for byte, and has not expired.
func (g *GoPro) verify(r *http.Request) bool {
	query, rest, ok := strings.Cut(r.URL.RawQuery, "&Signature=")
	if !ok {
		return false
	}
	signature, ok := strings.CutSuffix(rest, "&Key-Pair-Id="+keyPair)
	const salt = 12 // characters
	if !ok || len(signature) < salt {
		return false
	}
	want := g.signature(r.Method, r.URL.EscapedPath(), query, signature[:salt])
	if !hmac.Equal([]byte(signature[salt:]), []byte(want)) {
		return false
	}
	expires, err := strconv.ParseInt(r.URL.Query().Get("Expires"), 10, 64)
	return err == nil && g.now().Before(time.Unix(expires, 0))
}

// object serves bytes from the CDN.
func (e *Emulator) object(w http.ResponseWriter, r *http.Request) {
	if route.Presented(r) != "" {
		route.NoteLeak(r)
		refuseCDN(w, r, http.StatusBadRequest)
		return
	}
	g := e.goproWhere(func(g *GoPro) bool { return g.user == r.PathValue("user") })
	if g == nil || fault.Of(r, fault.Expired) != nil || !g.verify(r) {
		refuseCDN(w, r, http.StatusForbidden)
		return
	}
	content, v, ok := g.find(r)
	if !ok {
		refuseCDN(w, r, http.StatusNotFound)
		return
	}
	if fault.Of(r, fault.IgnoreRange) != nil {
		r.Header.Del("Range")
	}
	header := w.Header()
	header.Set("Content-Type", "binary/octet-stream")
	header.Set("Content-Disposition", r.URL.Query().Get("response-content-disposition"))
	header.Set("Accept-Ranges", "bytes")
	header.Set("Server", "AmazonS3")
	if fault.Of(r, fault.Encoded) != nil {
		content = compressed(content)
		header.Set("Content-Encoding", "gzip")
	}
	http.ServeContent(w, r, "", g.validate(header, v), io.NewSectionReader(content, 0, content.Size()))
}

// version is which of an object's bytes are served.
type version struct {
	tag      string // ETag
	modified time.Time
}

// validate names a version in a header, as far as the options let it, and
// returns the date of its Last-Modified, zero for none.
func (g *GoPro) validate(header http.Header, v version) time.Time {
	switch g.options.Validators {
	case ValidateNothing:
		return time.Time{}
	case ValidateWeakly:
		header.Set("ETag", "W/"+v.tag)
	case ValidateBoth:
		header.Set("ETag", v.tag)
	}
	return v.modified
}

// compressed returns content as gzip encodes it.
func compressed(c sample.Content) sample.Content {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, io.NewSectionReader(c, 0, c.Size())); err != nil {
		panic(fmt.Sprintf("emulator: content of %d bytes cannot be read: %v", c.Size(), err))
	}
	_ = z.Close() // a buffer takes it
	return sample.Bytes(b.Bytes())
}

// find returns the bytes that the path of a request names, and their version.
func (g *GoPro) find(r *http.Request) (content sample.Content, v version, ok bool) {
	g.mu.Lock()
	s := g.numbers[r.PathValue("number")]
	if s == nil || !s.trashed.IsZero() {
		g.mu.Unlock()
		return nil, version{}, false
	}
	key := objectKey{s.ID, r.PathValue("label"), s.numberAt(r.PathValue("label"), r.PathValue("position"), r.PathValue("file"))}
	if fault.Of(r, fault.Changed) != nil {
		g.altered[key]++
	}
	medium, generation := s.medium, g.altered[key]
	g.mu.Unlock()

	o := medium.object(key.label, key.number)
	if key.label == "sprite" {
		o = &sample.Object{Content: sample.Bytes(sample.Picture(uint64(len(s.ID)), 0, sample.SmallWidth))}
	}
	if o == nil || o.Gone {
		return nil, version{}, false
	}
	content = sample.Altered(o.Content, generation)
	return content, version{
		tag:      g.digestsOf(key, generation).tag(content, key, generation),
		modified: g.e.Clock.start.Truncate(time.Second).Add(time.Duration(generation) * time.Second),
	}, true
}

// refuseCDN answers a status as the storage behind the CDN words it.
func refuseCDN(w http.ResponseWriter, _ *http.Request, status int) {
	code, message := "InternalError", "We encountered an internal error. Please try again."
	switch status {
	case http.StatusBadRequest:
		code, message = "InvalidArgument", "Only one auth mechanism allowed"
	case http.StatusForbidden:
		code, message = "AccessDenied", "Access denied"
	case http.StatusNotFound:
		code, message = "NoSuchKey", "The specified key does not exist."
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		code, message = "SlowDown", "Please reduce your request rate."
	}
	route.Respond(w, status, "application/xml", `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		"<Error><Code>"+code+"</Code><Message>"+message+"</Message></Error>")
}
