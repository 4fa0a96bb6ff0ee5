package resumable

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
)

const xgoogURL = scriptHost + "/v1/uploads"

// xStart is the first step of a session for a size.
func xStart(size int64) step {
	length := fmt.Sprintf("\nX-Goog-Upload-Raw-Size: %d", size)
	if size == Unknown {
		length = ""
	}
	return step{"POST /v1/uploads\nContent-Type: application/octet-stream\nX-Goog-Upload-Command: start\n" +
		"X-Goog-Upload-Content-Type: video/mp4\nX-Goog-Upload-Protocol: resumable" + length, 200,
		"X-Goog-Upload-Status: active; X-Goog-Upload-Chunk-Granularity: 1000; X-Goog-Upload-URL: " + scriptHost + "/session?upload_id=s", ""}
}

func xCommand(command, more string, status int, header, body string) step {
	return step{"POST /session?upload_id=s\nContent-Type: application/octet-stream\nX-Goog-Upload-Command: " + command + more, status, header, body}
}

// xSegment is a step that sends bytes a to b.
func xSegment(command string, a, b, status int, header, body string) step {
	part := ""
	if b > a {
		part = fmt.Sprintf("\n[%d:%d]", a, b)
	}
	return xCommand(command, fmt.Sprintf("\nX-Goog-Upload-Offset: %d%s", a, part), status, header, body)
}

func xQuery(status int, header, body string) step { return xCommand("query", "", status, header, body) }

// TestXGoogConformance: the requests of the X-Goog-Upload protocol, to the byte.
func TestXGoogConformance(t *testing.T) {
	const size = 4500
	data := content(size)
	const active, finished = "X-Goog-Upload-Status: active", "X-Goog-Upload-Status: final"
	held := func(n int) string { return fmt.Sprintf("%s; X-Goog-Upload-Size-Received: %d", active, n) }
	first, second := xSegment("upload", 0, 2000, 200, active, ""), xSegment("upload", 2000, 4000, 200, active, "")
	last := xSegment("upload, finalize", 4000, size, 200, finished, "token")
	lost := func(s step) step { s.status = 0; return s }
	answered := func(s step, status int, header string) step {
		s.status, s.header, s.body = status, header, ""
		return s
	}
	for _, tc := range []struct {
		name  string
		job   func(*Job)
		steps []step
		fails func(error) bool
	}{
		{"a session", nil, []step{xStart(size), first, second, last}, nil},
		{"headers and metadata of the start", func(j *Job) {
			j.Media.Header, j.Media.Metadata = http.Header{"x-a": {"b"}, "X-Goog-Upload-Command": {"ignored"}}, []byte(`{"a":1}`)
		}, []step{{"POST /v1/uploads\nContent-Type: application/json; charset=UTF-8\nX-A: b\nX-Goog-Upload-Command: start\n" +
			"X-Goog-Upload-Content-Type: video/mp4\nX-Goog-Upload-Protocol: resumable\nX-Goog-Upload-Raw-Size: 4500\n{\"a\":1}", 200, xStart(0).header, ""},
			first, second, last}, nil},
		{"no answer to a segment", nil, []step{xStart(size), lost(first), xQuery(200, held(2000), ""), second, last}, nil},
		{"a part kept", nil, []step{xStart(size), answered(first, 503, ""), xQuery(200, held(1000), ""), xSegment("upload", 1000, 3000, 200, active, ""), xSegment("upload, finalize", 3000, size, 200, finished, "token")}, nil},
		{"misplaced", nil, []step{xStart(size), answered(first, 400, active), xQuery(200, held(2000), ""), second, last}, nil},
		{"last answer lost", nil, []step{xStart(size), first, second, lost(last), xQuery(200, finished, "token")}, nil},
		{"all kept, not finished", nil, []step{xStart(size), first, second, lost(last), xQuery(200, held(size), ""), xSegment("upload, finalize", size, size, 200, finished, "token")}, nil},
		{"session lost", nil, []step{xStart(size), answered(first, 404, ""), xQuery(404, "", ""), xQuery(404, "", ""), xStart(size), first, second, last}, nil},
		{"session lost twice", nil, []step{
			xStart(size), answered(first, 404, ""), xQuery(404, "", ""), xQuery(404, "", ""),
			xStart(size), answered(first, 404, ""), xQuery(410, "", ""), xQuery(410, "", ""),
		}, func(err error) bool { return errors.Is(err, ErrSessionLost) && isStatus(410)(err) }},
		{"rejected", nil, []step{answered(xStart(size), 403, finished)}, isStatus(403)},
		{"unknown size", readOnce(data), []step{xStart(Unknown), first, second, last}, nil},
		{"unknown size, ends with a segment", readOnce(data[:4000]), []step{xStart(Unknown), first, second, xSegment("upload, finalize", 4000, 4000, 200, finished, "token")}, nil},
		{"read once, a part kept", readOnce(data), []step{xStart(Unknown), first, answered(second, 503, ""), xQuery(200, held(3000), ""), xSegment("upload, finalize", 3000, size, 200, finished, "token")}, nil},
		{"read once, server lost bytes", readOnce(data), []step{xStart(Unknown), first, answered(second, 503, ""), xQuery(200, held(1000), "")},
			func(err error) bool { return errors.Is(err, ErrNotRewindable) }},
		{"session at another host", nil, []step{{xStart(size).want, 200, active + "; X-Goog-Upload-URL: https://evil.example/s", ""}}, func(err error) bool { return errors.Is(err, ErrRedirect) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, data, tc.steps...)
				u := &Uploader{Protocol: &XGoogUpload{URL: xgoogURL, Client: s.client()}, RawLimit: -1, ChunkSize: 2000}
				job := FromReaderAt(bytes.NewReader(data), size)
				if tc.job != nil {
					tc.job(&job)
				}
				job.Media.ContentType = "video/mp4"
				res, err := u.Upload(t.Context(), job)
				s.done()
				if tc.fails == nil && (err != nil || res.Response != "token") || tc.fails != nil && (err == nil || !tc.fails(err)) {
					t.Errorf("Upload: %+v, %v (%T)", res, err, err)
				}
			})
		})
	}
}

// readOnceOf is readOnce under a name that says of what.

func TestXGoogRawRequest(t *testing.T) {
	data := content(500)
	s := newScript(t, data, step{"POST /v1/uploads\nContent-Type: application/octet-stream\nX-Goog-Upload-Content-Type: application/octet-stream\nX-Goog-Upload-Protocol: raw\n[0:500]", 200, "", "token"})
	res, err := Upload(t.Context(), &XGoogUpload{URL: xgoogURL, Client: s.client()}, FromReaderAt(bytes.NewReader(data), 500))
	if err != nil || res.Response != "token" {
		t.Errorf("%+v, %v", res, err)
	}
	s.done()
}

func TestXGoogCancelRequest(t *testing.T) {
	s := newScript(t, nil, xCommand("cancel", "", 200, "X-Goog-Upload-Status: cancelled", ""))
	p := &XGoogUpload{URL: xgoogURL, Client: s.client()}
	if err := p.Cancel(t.Context(), Session{URL: scriptHost + "/session?upload_id=s"}); err != nil {
		t.Error(err)
	}
	s.done()
}
