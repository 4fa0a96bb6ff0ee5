package cdn

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// Validators are how an answer names the version of an object.
type Validators string

// Validators that were seen.
const (
	Both    Validators = ""        // a strong ETag and Last-Modified
	Date    Validators = "date"    // Last-Modified only
	Weak    Validators = "weak"    // a weak ETag and Last-Modified
	Nothing Validators = "nothing" // neither
)

// Object is what a URL names.
type Object struct {
	Content  sample.Content
	Tag      string // ETag
	Modified time.Time
}

// Serve answers a GET or HEAD request with an object, or the range of it that the
// request asks for.
func Serve(w http.ResponseWriter, r *http.Request, o Object, v Validators) {
	if fault.Of(r, fault.IgnoreRange) != nil {
		r.Header.Del("Range")
	}
	header := w.Header()
	header.Set("Content-Type", "binary/octet-stream")
	header.Set("Content-Disposition", r.URL.Query().Get("response-content-disposition"))
	header.Set("Accept-Ranges", "bytes")
	header.Set("Server", "AmazonS3")
	if fault.Of(r, fault.Encoded) != nil {
		o.Content = compressed(o.Content)
		header.Set("Content-Encoding", "gzip")
	}
	modified := v.set(header, o)
	http.ServeContent(w, r, "", modified, io.NewSectionReader(o.Content, 0, o.Content.Size()))
}

// set names the version in a header and returns the date of its Last-Modified,
// zero for none.
func (v Validators) set(header http.Header, o Object) time.Time {
	switch v {
	case Nothing:
		return time.Time{}
	case Weak:
		header.Set("ETag", "W/"+o.Tag)
	case Both:
		header.Set("ETag", o.Tag)
	}
	return o.Modified
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

// Refuse answers a status as the storage behind the CDN words it.
func Refuse(w http.ResponseWriter, _ *http.Request, status int) {
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
