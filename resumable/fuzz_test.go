package resumable

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// liar is a server of the media upload protocol whose answers are drawn from a
// text. It is honest in one thing: an object that it says to be whole without
// being so has another size, or a digest of what it is.
type liar struct {
	draws    []byte
	size     int64 // of the object that is uploaded
	held     []byte
	finished bool
	requests int
}

// draw returns the next choice of n; 0, the honest one, when none are left.
func (l *liar) draw(n int) int {
	if len(l.draws) == 0 {
		return 0
	}
	d := int(l.draws[0]) % n
	l.draws = l.draws[1:]
	return d
}

// RoundTrip takes what the request brings, or a part of it, and answers with the
// truth or not.
func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	l.requests++
	body, err := io.ReadAll(orEmpty(r.Body))
	if r.Body != nil {
		r.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost {
		return l.start()
	}
	l.take(r.Header.Get("Content-Range"), body)
	switch l.draw(12) {
	case 1:
		return nil, io.ErrUnexpectedEOF
	case 2:
		return reply([]int{400, 401, 403, 404, 408, 410, 412, 416, 429, 499, 500, 503}[l.draw(12)], nil, "no")
	case 3:
		return reply(308, nil, "")
	case 4:
		return reply(308, map[string]string{"Range": fmt.Sprintf("bytes=0-%d", l.draw(256)*4096)}, "")
	case 5:
		return reply(308, map[string]string{"Range": []string{"bytes=1-2", "bytes=0--1", "0-99", "x", "bytes=0-99999999999999999999"}[l.draw(5)]}, "")
	case 6:
		return reply(200, nil, fmt.Sprintf(`{"size":"%d"}`, l.size-1-int64(l.draw(4))))
	case 7:
		return reply(200, nil, l.resource())
	case 8:
		return reply([]int{200, 201, 202, 204}[l.draw(4)], nil, []string{`{"size":"x"}`, `{"size":-1}`, `{"md5Hash":"x"}`, `{"size":`}[l.draw(4)])
	case 9:
		return reply([]int{301, 302, 307, 308}[l.draw(4)], map[string]string{"Location": []string{"https://evil.example/", "/session", "", "://"}[l.draw(4)]}, "")
	}
	return l.truth()
}

func orEmpty(r io.Reader) io.Reader {
	if r == nil || r == http.NoBody {
		return strings.NewReader("")
	}
	return r
}

func (l *liar) start() (*http.Response, error) {
	switch l.draw(6) {
	case 1:
		return reply([]int{400, 404, 410, 429, 500, 503}[l.draw(6)], nil, "no")
	case 2:
		return reply(200, map[string]string{"Location": []string{"https://evil.example/", "", "http://upload.example/s"}[l.draw(3)]}, "")
	case 3:
		return nil, io.ErrUnexpectedEOF
	}
	l.held, l.finished = nil, false
	return reply(200, map[string]string{"Location": "/session"}, "")
}

// take keeps the bytes that continue those that are held, or some of them.
func (l *liar) take(contentRange string, body []byte) {
	var first, last int64
	span, total, _ := strings.Cut(strings.TrimPrefix(contentRange, "bytes "), "/")
	if n, _ := fmt.Sscanf(span, "%d-%d", &first, &last); n == 2 && !l.finished && first <= int64(len(l.held)) {
		kept := len(body)
		if l.draw(4) == 1 {
			kept = min(kept, l.draw(256)*1024)
		}
		if end := first + int64(kept); end > int64(len(l.held)) {
			l.held = append(l.held[:first], body[:kept]...)
		}
	}
	if total == fmt.Sprint(len(l.held)) {
		l.finished = true
	}
}

func (l *liar) truth() (*http.Response, error) {
	if l.finished {
		return reply(200, nil, []string{l.resource(), "{}", ""}[l.draw(3)])
	}
	if len(l.held) == 0 {
		return reply(308, nil, "")
	}
	return reply(308, map[string]string{"Range": fmt.Sprintf("bytes=0-%d", len(l.held)-1)}, "")
}

func (l *liar) resource() string {
	sum := md5.Sum(l.held)
	return fmt.Sprintf(`{"size":"%d","md5Hash":%q}`, l.size, base64.StdEncoding.EncodeToString(sum[:]))
}

func reply(status int, header map[string]string, body string) (*http.Response, error) {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// FuzzServer plays a server that answers at random: an upload ends with the right
// bytes or with a typed error, and it ends.
func FuzzServer(f *testing.F) {
	for source := range byte(3) {
		f.Add(source, uint32(3*k+5), []byte{0, 0, 0, 0})
		f.Add(source, uint32(2*k), []byte{0, 1, 0, 2, 1, 2, 11, 3, 1, 200, 4, 40, 5, 1, 6, 3, 7, 8, 2, 9, 2, 1})
		f.Add(source, uint32(0), []byte{3, 1, 2, 0, 0, 1, 0, 2, 3})
		f.Add(source, uint32(k), []byte{0, 0, 7, 0, 0, 9})
	}
	all := content(4 * k)
	f.Fuzz(func(t *testing.T, source byte, size uint32, draws []byte) {
		if size > uint32(len(all)) || len(draws) > 200 {
			t.Skip()
		}
		synctest.Test(t, func(t *testing.T) {
			data := all[:size]
			l := &liar{draws: draws, size: int64(size)}
			job := FromReaderAt(bytes.NewReader(data), int64(size))
			switch source % 3 {
			case 1:
				job = FromReader(bytes.NewReader(data))
			case 2:
				job, _ = FromReadSeeker(bytes.NewReader(data))
			}
			job.Checksum = MD5
			u := &Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: &http.Client{Transport: l}}, ChunkSize: k, Retry: Retry{Attempts: 4}}
			began := time.Now()
			res, err := u.Upload(t.Context(), job)
			if took := time.Since(began); took > 2*time.Hour || l.requests > 5000 {
				t.Errorf("took %v and %d requests", took, l.requests)
			}
			switch {
			case err == nil && (!bytes.Equal(l.held, data) || res.Size != int64(size)):
				t.Errorf("success with %d of %d bytes: %+v", len(l.held), size, res)
			case err != nil && !typed(err):
				t.Errorf("%v (%T) has no type", err, err)
			}
		})
	})
}

// typed reports whether an error is one of those that Upload documents.
func typed(err error) bool {
	_, status := errors.AsType[*StatusError](err)
	_, protocol := errors.AsType[*ProtocolError](err)
	_, sum := errors.AsType[*ChecksumError](err)
	_, source := errors.AsType[*SourceError](err)
	return status || protocol || sum || source || errors.Is(err, io.ErrUnexpectedEOF)
}

// FuzzXGoogServer plays a server of the X-Goog-Upload protocol that refuses, drops
// and forgets at random.
func FuzzXGoogServer(f *testing.F) {
	f.Add(uint16(5000), false, []byte{0, 0, 0})
	f.Add(uint16(5000), true, []byte{0, 1, 2, 3, 0, 2, 9, 1, 3, 3, 1, 0, 2, 5, 4, 200})
	f.Add(uint16(0), true, []byte{4, 3, 2, 1})
	f.Fuzz(func(t *testing.T, size uint16, unknown bool, draws []byte) {
		if size > 20_000 || len(draws) > 200 {
			t.Skip()
		}
		synctest.Test(t, func(t *testing.T) {
			l := &liar{draws: draws}
			s := newStrictServer(1000)
			s.before = func(_ int, _ string, w http.ResponseWriter, r *http.Request) bool {
				if l.draw(4) != 1 {
					return false
				}
				io.Copy(io.Discard, r.Body)
				w.Header().Set("X-Goog-Upload-Status", []string{"", "active", "cancelled", "other"}[l.draw(4)])
				w.Header().Set("X-Goog-Upload-Size-Received", fmt.Sprint(l.draw(256)*50))
				w.WriteHeader([]int{200, 400, 404, 410, 412, 429, 500, 503}[l.draw(8)])
				return true
			}
			s.after = func(int, string) bool { return l.draw(4) == 1 }
			s.cut = func(int, string) int64 { return int64(l.draw(64))*100 - 1 }
			data := content(int64(size))
			job := FromReaderAt(bytes.NewReader(data), int64(size))
			if unknown {
				job = FromReader(bytes.NewReader(data))
			}
			u := uploader(s, 2000)
			u.Retry.Attempts = 4
			res, err := u.Upload(t.Context(), job)
			switch {
			case err == nil && !bytes.Equal(s.uploads[res.Response], data):
				t.Errorf("success with other bytes after %s", s.commands())
			case err != nil && !typed(err):
				t.Errorf("%v (%T) has no type", err, err)
			}
		})
	})
}

// FuzzCheckpoint continues from a checkpoint that is anything.
func FuzzCheckpoint(f *testing.F) {
	f.Add(`{"Session":{"URL":"https://upload.example/session","Granularity":262144},"Size":600000,"Confirmed":262144,"HashAt":262144}`, true)
	f.Add(`{"Session":{"URL":"https://upload.example/session"},"Size":-1,"Confirmed":1,"HashAt":9999999,"HashState":"bWQ1AQ=="}`, false)
	f.Add(`{"Session":{"URL":"/"},"Size":600000,"Confirmed":-1,"HashAt":-1}`, false)
	data := content(600_000)
	f.Fuzz(func(t *testing.T, text string, known bool) {
		var c Checkpoint
		if json.Unmarshal([]byte(text), &c) != nil {
			t.Skip()
		}
		synctest.Test(t, func(t *testing.T) {
			l := &liar{size: int64(len(data)), held: bytes.Clone(data[:k])}
			job := FromReaderAt(bytes.NewReader(data), int64(len(data)))
			if !known {
				job.Media.Size = Unknown
				job.Open = func(_ context.Context, offset int64) (io.ReadCloser, error) {
					if offset > int64(len(data)) {
						return nil, io.ErrUnexpectedEOF
					}
					return io.NopCloser(bytes.NewReader(data[offset:])), nil
				}
			}
			job.Checksum, job.From, job.Recheck = MD5, &c, true
			u := &Uploader{Protocol: &MediaUpload{URL: resumeURL, Client: &http.Client{Transport: l}}, ChunkSize: k, Retry: Retry{Attempts: 2}}
			res, err := u.Upload(t.Context(), job)
			switch {
			case err == nil && (!bytes.Equal(l.held, data) || !res.Verified):
				t.Errorf("success with %d bytes: %+v", len(l.held), res)
			case err != nil && !typed(err) && !errors.Is(err, ErrCheckpoint):
				t.Errorf("%v (%T) has no type", err, err)
			}
		})
	})
}
