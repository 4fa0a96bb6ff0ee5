package resumable

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

const (
	k          = ChunkUnit
	resumeURL  = scriptHost + "/up?uploadType=resumable"
	sessionLoc = "Location: " + scriptHost + "/session?upload_id=s"
)

// initiate is the first step of an upload of a size.
func initiate(size int64) step {
	length := fmt.Sprintf("X-Upload-Content-Length: %d\n", size)
	if size == Unknown {
		length = ""
	}
	return step{"POST /up?uploadType=resumable\nContent-Type: application/json; charset=UTF-8\n" + length +
		"X-Upload-Content-Type: application/octet-stream\n{}", 200, sessionLoc, ""}
}

// chunk is a step that sends bytes a to b of a total.
func chunk(a, b int64, total string, status int, header, body string) step {
	return step{fmt.Sprintf("PUT /session?upload_id=s\nContent-Range: bytes %d-%d/%s\n[%d:%d]", a, b-1, total, a, b), status, header, body}
}

// ending is a step that finishes an object without bytes.
func ending(total string, status int, header, body string) step {
	return step{"PUT /session?upload_id=s\nContent-Range: bytes */" + total, status, header, body}
}

func ask(status int, header, body string) step { return ending("*", status, header, body) }

func object(size int64) string { return fmt.Sprintf(`{"name":"o","size":"%d"}`, size) }

// TestMediaConformance: the requests of the media upload protocol, to the byte,
// for every answer that it knows.
func TestMediaConformance(t *testing.T) {
	const size = 2*k + 1000
	data := content(size)
	sum := md5.Sum(data)
	md5Text := base64.StdEncoding.EncodeToString(sum[:])
	full := fmt.Sprint(size)
	first := func(status int, header, body string) step { return chunk(0, k, full, status, header, body) }
	second := func(status int, header, body string) step { return chunk(k, 2*k, full, status, header, body) }
	last := func(status int, header, body string) step { return chunk(2*k, size, full, status, header, body) }
	held := func(n int64) string { return fmt.Sprintf("Range: bytes=0-%d", n-1) }
	contradiction := func(err error) bool {
		_, ok := errors.AsType[*ProtocolError](err)
		return ok && errors.Is(err, ErrContradiction)
	}
	redirected := func(err error) bool { return errors.Is(err, ErrRedirect) }
	protocol := func(err error) bool { _, ok := errors.AsType[*ProtocolError](err); return ok }
	changed := func(err error) bool {
		_, ok := errors.AsType[*SourceError](err)
		return ok && errors.Is(err, ErrSourceChanged)
	}
	for _, tc := range []struct {
		name  string
		job   func(*Job)
		set   func(*Uploader)
		steps []step
		fails func(error) bool // nil: succeeds
	}{
		{"three chunks", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", object(size))}, nil},
		{"created", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(201, "", object(size))}, nil},
		{"nothing told", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"range without unit", nil, nil, []step{initiate(size), first(308, fmt.Sprintf("Range: 0-%d", k-1), ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"308 as an override", nil, nil, []step{initiate(size), first(200, "X-Http-Status-Code-Override: 308; "+held(k), ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"308 with a Location", nil, nil, []step{initiate(size), first(308, held(k)+"; Location: https://evil.example/x", ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"one chunk", nil, func(u *Uploader) { u.ChunkSize = OneChunk }, []step{initiate(size), chunk(0, size, full, 200, "", object(size))}, nil},
		{"a large chunk", nil, func(u *Uploader) { u.ChunkSize = 4 * k }, []step{initiate(size), chunk(0, size, full, 200, "", object(size))}, nil},
		{"kept in part", nil, nil, []step{
			initiate(size), first(308, held(43), ""), chunk(43, k+43, full, 308, held(k+43), ""),
			chunk(k+43, 2*k+43, full, 308, held(2*k+43), ""), chunk(2*k+43, size, full, 200, "", object(size)),
		}, nil},
		{"last chunk kept in part", nil, nil, []step{
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(308, held(2*k+10), ""),
			chunk(2*k+10, size, full, 200, "", object(size)),
		}, nil},
		{"nothing kept", nil, nil, []step{
			initiate(size), first(308, "", ""), ask(308, "", ""), first(308, held(k), ""), second(308, "", ""), ask(308, "", ""),
			first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", object(size)),
		}, nil},
		{"503 to a chunk", nil, nil, []step{
			initiate(size), first(503, "", ""), ask(308, held(1000), ""), chunk(1000, k+1000, full, 308, held(k+1000), ""),
			chunk(k+1000, 2*k+1000, full, 200, "", object(size)),
		}, nil},
		{"408, 429, 500 to a query", nil, nil, []step{
			initiate(size), first(500, "", ""), ask(408, "", ""), ask(429, "Retry-After: 1", ""), ask(500, "", ""), ask(308, held(k), ""),
			second(308, held(2*k), ""), last(200, "", object(size)),
		}, nil},
		{"no answer", nil, nil, []step{initiate(size), first(0, "", ""), ask(0, "", ""), ask(308, held(k), ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"416 to a chunk", nil, nil, []step{initiate(size), first(416, "", ""), ask(308, held(k), ""), second(308, held(2*k), ""), last(200, "", "")}, nil},
		{"last answer lost", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(0, "", ""), ask(201, "", object(size))}, nil},
		{"last answer lost, nothing told", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(503, "", ""), ask(200, "", "")}, nil},
		{"all kept, not finished", nil, nil, []step{
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(503, "", ""), ask(308, held(size), ""), ending(full, 200, "", object(size)),
		}, nil},
		{"503 to the start", nil, nil, []step{
			{initiate(size).want, 503, "", ""}, initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", ""),
		}, nil},
		{"404 to a chunk", nil, nil, []step{
			initiate(size), first(308, held(k), ""), second(404, "", ""), initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", ""),
		}, nil},
		{"410 to a query", nil, nil, []step{
			initiate(size), first(308, held(k), ""), second(503, "", ""), ask(410, "", ""),
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", ""),
		}, nil},
		{"404 twice", nil, nil, []step{initiate(size), first(404, "", ""), initiate(size), first(410, "", "gone")}, func(err error) bool {
			e, ok := errors.AsType[*StatusError](err)
			return ok && e.HTTP == 410 && e.Body == "gone" && errors.Is(err, ErrSessionLost)
		}},
		{"redirected start", nil, nil, []step{
			{initiate(size).want, 307, "Location: /other", ""}, {strings.Replace(initiate(size).want, "/up?uploadType=resumable", "/other", 1), 200, "Location: /session?upload_id=s", ""},
			first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", ""),
		}, nil},

		{"Range beyond what was sent", nil, nil, []step{initiate(size), first(308, held(k+1), "")}, contradiction},
		{"Range beyond what was sent, asked", nil, nil, []step{initiate(size), first(503, "", ""), ask(308, held(k+1), "")}, contradiction},
		{"early 200", nil, nil, []step{initiate(size), first(200, "", object(k))}, contradiction},
		{"early 200 that tells the size", nil, nil, []step{initiate(size), first(200, "", object(size))}, contradiction},
		{"early 200 to a query", nil, nil, []step{initiate(size), first(503, "", ""), ask(200, "", object(k))}, contradiction},
		{"early 200 to a query, no size told", nil, nil, []step{initiate(size), first(503, "", ""), ask(200, "", "{}")}, contradiction},
		{"an object of another size", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", object(size-1))}, contradiction},
		{"a size that is none", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", `{"size":"many"}`)}, contradiction},
		{"an object of another digest", func(j *Job) { j.Checksum = MD5 }, nil, []step{
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "", `{"md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg=="}`),
		}, func(err error) bool { _, ok := errors.AsType[*ChecksumError](err); return ok }},
		{"the right digest", func(j *Job) { j.Checksum = MD5 }, nil, []step{
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "X-Goog-Hash: crc32c=AAAAAA==,md5="+md5Text, fmt.Sprintf(`{"md5Hash":%q}`, md5Text)),
		}, nil},
		{"two digests", nil, nil, []step{
			initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(200, "X-Goog-Hash: md5="+md5Text, `{"md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg=="}`),
		}, contradiction},
		{"malformed Range", nil, func(u *Uploader) { u.Retry.Attempts = 1 }, []step{initiate(size), first(308, "Range: bytes=5-10", "")}, protocol},
		{"400 to a chunk", nil, nil, []step{initiate(size), first(400, "", "")}, isStatus(400)},
		{"403 to a chunk", nil, nil, []step{initiate(size), first(403, "", "")}, isStatus(403)},
		{"412 to the last chunk", nil, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), ""), last(412, "", "")}, isStatus(412)},
		{"499 to a chunk", nil, nil, []step{initiate(size), first(499, "", "")}, isStatus(499)},
		{"404 to the start", nil, nil, []step{{initiate(size).want, 404, "", ""}}, isStatus(404)},
		{"no Location", nil, func(u *Uploader) { u.Retry.Attempts = 1 }, []step{{initiate(size).want, 200, "", ""}}, protocol},
		{"Location at another host", nil, nil, []step{{initiate(size).want, 200, "Location: https://evil.example/s", ""}}, redirected},
		{"Location without encryption", nil, nil, []step{{initiate(size).want, 200, "Location: http://upload.example/s", ""}}, redirected},
		{"redirect to another host", nil, nil, []step{{initiate(size).want, 307, "Location: https://evil.example/s", ""}}, redirected},
		{"chunk redirected", nil, nil, []step{initiate(size), first(307, "Location: https://evil.example/s", "")}, redirected},
		{"chunk redirected by 308", nil, nil, []step{initiate(size), first(308, "Location: https://evil.example/s", "")}, redirected},
		{"down", nil, func(u *Uploader) { u.Retry.Attempts = 3 }, []step{initiate(size), first(503, "", ""), ask(503, "", ""), ask(503, "", "")}, isStatus(503)},
		{"no progress", nil, func(u *Uploader) { u.Retry.Attempts = 3 }, []step{
			initiate(size), first(308, "", ""), ask(308, "", ""), first(308, "", ""), ask(308, "", ""), first(308, "", ""),
		}, protocol},

		{"unknown size", readOnce(data), nil, []step{
			initiate(Unknown), chunk(0, k, "*", 308, held(k), ""), chunk(k, 2*k, "*", 308, held(2*k), ""), last(200, "", object(size)),
		}, nil},
		{"unknown size, kept in part", readOnce(data), nil, []step{
			initiate(Unknown), chunk(0, k, "*", 308, held(7), ""), chunk(7, k+7, "*", 503, "", ""), ask(308, held(k), ""), chunk(k, 2*k, "*", 308, held(2*k), ""), last(200, "", object(size)),
		}, nil},
		{"unknown size, ends with a chunk", readOnce(data[:2*k]), nil, []step{
			initiate(Unknown), chunk(0, k, "*", 308, held(k), ""), chunk(k, 2*k, "*", 308, held(2*k), ""), ending(fmt.Sprint(2*k), 200, "", object(2*k)),
		}, nil},
		{"unknown size, fits", readOnce(data[:10]), nil, []step{initiate(Unknown), chunk(0, 10, "10", 200, "", object(10))}, nil},
		{"unknown size, empty", readOnce(nil), nil, []step{initiate(Unknown), ending("0", 200, "", object(0))}, nil},
		{"known size, read once", func(j *Job) { readOnce(data)(j); j.Media.Size = size }, nil, []step{
			initiate(size), first(308, held(k), ""), second(503, "", ""), ask(308, held(k+5), ""), chunk(k+5, 2*k+5, full, 308, held(2*k+5), ""), chunk(2*k+5, size, full, 200, "", object(size)),
		}, nil},
		{"read once, lost in the first chunk", readOnce(data), nil, []step{
			initiate(Unknown), chunk(0, k, "*", 404, "", ""), initiate(Unknown), chunk(0, k, "*", 308, held(k), ""), chunk(k, 2*k, "*", 308, held(2*k), ""), last(200, "", object(size)),
		}, nil},
		{"read once, lost later", readOnce(data), nil, []step{initiate(Unknown), chunk(0, k, "*", 308, held(k), ""), chunk(k, 2*k, "*", 404, "", "")},
			func(err error) bool { return isStatus(404)(err) && errors.Is(err, ErrSessionLost) }},
		{"read once, server lost bytes", readOnce(data), nil, []step{
			initiate(Unknown), chunk(0, k, "*", 308, held(k), ""), chunk(k, 2*k, "*", 503, "", ""), ask(308, "", ""),
		}, func(err error) bool { return errors.Is(err, ErrNotRewindable) }},
		{"read once, shorter", func(j *Job) { readOnce(data[:k+5])(j); j.Media.Size = size }, nil, []step{initiate(size), first(308, held(k), "")}, changed},
		{"read once, longer", func(j *Job) { readOnce(content(size + 1))(j); j.Media.Size = size }, nil, []step{initiate(size), first(308, held(k), ""), second(308, held(2*k), "")}, changed},
		{"a source that fails", func(j *Job) { *j = FromReader(io.MultiReader(bytes.NewReader(data[:k]), brokenReader{})) }, nil, []step{
			initiate(Unknown), chunk(0, k, "*", 308, held(k), ""),
		}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},

		{"empty", func(j *Job) { *j = FromReaderAt(bytes.NewReader(nil), 0) }, nil, []step{initiate(0), ending("0", 200, "", object(0))}, nil},
		{"a source that shrinks", func(j *Job) { *j = FromReaderAt(bytes.NewReader(data[:10]), 20) }, nil, []step{initiate(20)}, changed},
		{"a source that grows", func(j *Job) { *j = FromReaderAt(bytes.NewReader(data), 20) }, nil, []step{initiate(20)}, changed},
		{"chunk size of no unit", nil, func(u *Uploader) { u.ChunkSize = k + 1 }, nil, func(err error) bool { return errors.Is(err, ErrGranularity) }},
		{"negative chunk size", nil, func(u *Uploader) { u.ChunkSize = -k }, nil, func(err error) bool { return errors.Is(err, ErrGranularity) }},
		{"a session of another host", func(j *Job) { j.From = &Checkpoint{Session: Session{"https://evil.example/s", k}, Size: size} }, nil, nil, redirected},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, data, tc.steps...)
				u := &Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: s.client()}, ChunkSize: k}
				job := FromReaderAt(bytes.NewReader(data), size)
				if tc.job != nil {
					tc.job(&job)
				}
				if tc.set != nil {
					tc.set(u)
				}
				_, err := u.Upload(t.Context(), job)
				s.done()
				if tc.fails == nil && err != nil || tc.fails != nil && (err == nil || !tc.fails(err)) {
					t.Errorf("Upload: %v (%T)", err, err)
				}
				if err != nil && strings.Contains(err.Error(), "upload_id") {
					t.Errorf("error shows the session: %v", err)
				}
			})
		})
	}
}

// readOnce makes a Job of a reader that can be read once.
func readOnce(data []byte) func(*Job) {
	return func(j *Job) { *j = FromReader(struct{ io.Reader }{bytes.NewReader(data)}) }
}

// TestMediaHeaders: what is given at the start goes with the start only.
func TestMediaHeaders(t *testing.T) {
	data := content(k + 1)
	s := newScript(t, data,
		step{"PATCH /up?uploadType=resumable\nContent-Type: application/json; charset=UTF-8\nX-Goog-User-Project: p\n" +
			fmt.Sprintf("X-Upload-Content-Length: %d\n", k+1) + "X-Upload-Content-Type: video/mp4\n" + `{"name":"a <b>"}`, 201, sessionLoc, ""},
		chunk(0, k, fmt.Sprint(k+1), 308, fmt.Sprintf("Range: bytes=0-%d", k-1), ""),
		chunk(k, k+1, fmt.Sprint(k+1), 200, "", "{}"))
	job, err := FromReadSeeker(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	job.Media.ContentType = "video/mp4"
	job.Media.Metadata = []byte(`{"name":"a <b>"}`)
	job.Media.Header = http.Header{"x-goog-user-project": {"p"}, "content-type": {"ignored"}}
	var progress []int64
	job.Progress = func(n, size int64) { progress = append(progress, n, size) }
	u := &Uploader{Protocol: &MediaUpload{URL: resumeURL, Method: "PATCH", Client: s.client()}, ChunkSize: k}
	if _, err := u.Upload(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	s.done()
	if want := []int64{k, k + 1, k + 1, k + 1}; fmt.Sprint(progress) != fmt.Sprint(want) {
		t.Errorf("progress %v, want %v", progress, want)
	}
}

func TestMediaSignedURL(t *testing.T) {
	s := newScript(t, nil, step{"POST /up?X-Goog-Signature=x\nContent-Type: video/mp4\nX-Upload-Content-Length: 5\n{}", 201, sessionLoc, ""})
	p := &MediaUpload{URL: scriptHost + "/up?X-Goog-Signature=x", Client: s.client()}
	if _, err := p.Start(t.Context(), Media{Size: 5, ContentType: "video/mp4"}); err != nil {
		t.Error(err)
	}
	s.done()
}

func TestMediaCancel(t *testing.T) {
	for status, ok := range map[int]bool{499: true, 204: true, 404: false, 503: false} {
		s := newScript(t, nil, step{"DELETE /session?upload_id=s", status, "", ""})
		p := &MediaUpload{URL: resumeURL, Client: s.client()}
		if err := p.Cancel(t.Context(), Session{URL: scriptHost + "/session?upload_id=s"}); (err == nil) != ok {
			t.Errorf("answered %d: %v", status, err)
		}
		s.done()
	}
}

// TestMediaResume: an upload in progress is encoded, decoded and continued.
func TestMediaResume(t *testing.T) {
	const size = 3*k + 5
	data, full := content(size), fmt.Sprint(3*k+5)
	killed := errors.New("killed")
	for _, sum := range []Checksum{MD5, CRC32C, SHA256, NoChecksum} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t, data, initiate(size), chunk(0, k, full, 308, fmt.Sprintf("Range: bytes=0-%d", k-1), ""),
				ask(308, fmt.Sprintf("Range: bytes=0-%d", 2*k-1), ""), chunk(2*k, 3*k, full, 308, fmt.Sprintf("Range: bytes=0-%d", 3*k-1), ""),
				chunk(3*k, size, full, 200, "", digests(data)))
			u := &Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: s.client()}, ChunkSize: k}
			var stored Checkpoint
			job := FromReaderAt(bytes.NewReader(data), size)
			job.Checksum = sum
			job.Save = func(_ context.Context, c Checkpoint) error {
				stored = recode(t, c)
				if c.Confirmed == k {
					return killed
				}
				return nil
			}
			if _, err := u.Upload(t.Context(), job); !errors.Is(err, killed) {
				t.Fatal(err)
			}
			job.From, job.Save, job.Recheck = &stored, nil, true
			res, err := u.Upload(t.Context(), job)
			if err != nil || res.ResumedFrom != 2*k || res.Verified == (sum == NoChecksum || sum == SHA256) || res.Status != 200 {
				t.Errorf("%v: %+v, %v", sum, res, err)
			}
			s.done()
		})
	}
}

// TestMediaRecheck: a source that is another one than before is found out before
// anything is sent of it.
func TestMediaRecheck(t *testing.T) {
	data := content(2 * k)
	for _, sum := range []Checksum{MD5, CRC32C, SHA256} {
		read := newDigest(sum, nil)
		read.write(data[:k], 0)
		state, at := read.state()
		from := &Checkpoint{Session: Session{scriptHost + "/session", k}, Size: 2 * k, Confirmed: k, HashAt: at, HashState: state}
		changed := bytes.Clone(data)
		changed[5]++
		for name, source := range map[string][]byte{"changed": changed, "shorter": data[:k/2]} {
			s := newScript(t, data)
			job := FromReaderAt(bytes.NewReader(source), 2*k)
			job.Checksum, job.From, job.Recheck = sum, from, true
			_, err := Upload(t.Context(), &MediaUpload{URL: resumeURL, Client: s.client()}, job)
			if _, ok := errors.AsType[*SourceError](err); !ok || !errors.Is(err, ErrSourceChanged) {
				t.Errorf("%v, %s: %v", sum, name, err)
			}
			s.done()
		}
	}
}

// digests is the resource of an object.
func digests(data []byte) string {
	sum := md5.Sum(data)
	crc := crc32.Checksum(data, castagnoli)
	return fmt.Sprintf(`{"size":"%d","md5Hash":%q,"crc32c":%q}`, len(data), base64.StdEncoding.EncodeToString(sum[:]),
		base64.StdEncoding.EncodeToString([]byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)}))
}

// TestMediaSendIsChecked: what a single step can tell to be impossible.
func TestMediaSendIsChecked(t *testing.T) {
	data := content(3 * k)
	session := Session{URL: scriptHost + "/session?upload_id=s", Granularity: k}
	for name, tc := range map[string]struct {
		seg   Segment
		steps []step
		want  error
	}{
		"more than was sent": {Segment{Length: k, Total: 3 * k}, []step{chunk(0, k, fmt.Sprint(3*k), 308, fmt.Sprintf("Range: bytes=0-%d", k), "")}, ErrContradiction},
		"an early 200":       {Segment{Length: k, Total: Unknown}, []step{chunk(0, k, "*", 200, "", "{}")}, ErrContradiction},
		"no whole unit":      {Segment{Length: k + 1, Total: 3 * k}, nil, ErrGranularity},
		"beyond the end":     {Segment{Offset: 3 * k, Length: k, Total: 3 * k}, nil, ErrOffset},
		"before the start":   {Segment{Offset: -1, Length: k, Total: Unknown}, nil, ErrOffset},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, data, tc.steps...)
			tc.seg.Body = bytes.NewReader(data)
			p := &MediaUpload{URL: resumeURL, Client: s.client()}
			if _, err := p.Send(t.Context(), session, tc.seg); !errors.Is(err, tc.want) {
				t.Errorf("Send: %v, want %v", err, tc.want)
			}
			s.done()
		})
	}
}
