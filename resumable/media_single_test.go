package resumable

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func TestMediaSimple(t *testing.T) {
	data := content(1000)
	const put = "POST /up?uploadType=media\nContent-Type: text/plain\nX-A: b\n[0:1000]"
	for _, tc := range []struct {
		name  string
		job   Job
		steps []step
		fails func(error) bool
	}{
		{"at once", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 200, "", object(1000)}}, nil},
		{"again", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 503, "", ""}, {put, 0, "", ""}, {put, 201, "", ""}}, nil},
		{"of unknown size, again", FromReader(bytes.NewReader(data)), []step{{put, 503, "", ""}, {put, 200, "", object(1000)}}, nil},
		{"refused", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 403, "", ""}}, isStatus(403)},
		{"another size", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 200, "", object(999)}}, func(err error) bool { return errors.Is(err, ErrContradiction) }},
		{"redirected", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 308, "Location: https://evil.example", ""}}, func(err error) bool { return errors.Is(err, ErrRedirect) }},
		{"no content", FromReaderAt(bytes.NewReader(data), 1000), []step{{put, 204, "", ""}, {put, 204, "", ""}}, func(err error) bool { _, ok := errors.AsType[*ProtocolError](err); return ok }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, data, tc.steps...)
				u := &Uploader{Protocol: &MediaUpload{URL: scriptHost + "/up?uploadType=media", Kind: Simple, Client: s.client()}, Retry: Retry{Attempts: 3}}
				if tc.name == "no content" {
					u.Retry.Attempts = 2
				}
				tc.job.Media.ContentType, tc.job.Media.Header = "text/plain", http.Header{"X-A": {"b"}}
				_, err := u.Upload(t.Context(), tc.job)
				s.done()
				if tc.fails == nil && err != nil || tc.fails != nil && (err == nil || !tc.fails(err)) {
					t.Errorf("Upload: %v", err)
				}
			})
		})
	}
	t.Run("read once, longer than a chunk", func(t *testing.T) {
		s := newScript(t, data, step{strings.Replace(put, "text/plain\nX-A: b", "application/octet-stream", 1), 503, "", ""})
		u := &Uploader{Protocol: &MediaUpload{URL: scriptHost + "/up?uploadType=media", Kind: Simple, Client: s.client()}, ChunkSize: 100}
		if _, err := u.Upload(t.Context(), FromReader(bytes.NewReader(data))); !isStatus(503)(err) {
			t.Errorf("Upload: %v", err)
		}
		s.done()
	})
	u := &MediaUpload{URL: scriptHost, Kind: Simple}
	if _, err := Upload(t.Context(), u, Job{Media: Media{Metadata: []byte("{}")}, Open: FromReaderAt(nil, 0).Open}); !errors.Is(err, ErrUnsupported) {
		t.Error("metadata were dropped")
	}
}

// TestMediaMultipart compares the body with what the protocol fixes.
func TestMediaMultipart(t *testing.T) {
	for _, size := range []int64{0, 1, 100_000, Unknown} {
		data := content(max(size, 70_000))
		job := FromReaderAt(bytes.NewReader(data[:max(size, 0)]), size)
		if size == Unknown {
			job = FromReader(bytes.NewReader(data))
		} else {
			data = data[:size]
		}
		var body []byte
		var boundary string
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			body, _ = io.ReadAll(r.Body)
			r.Body.Close()
			var ok bool
			if boundary, ok = strings.CutPrefix(r.Header.Get("Content-Type"), `multipart/related; boundary="`); !ok || r.Method != "POST" {
				t.Errorf("%s with %v", r.Method, r.Header)
			}
			boundary = strings.TrimSuffix(boundary, `"`)
			if r.ContentLength != int64(len(body)) {
				t.Errorf("Content-Length %d of %d bytes", r.ContentLength, len(body))
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(object(int64(len(data)))))}, nil
		})}
		job.Media.ContentType, job.Media.Metadata = "video/mp4", []byte(`{"name":"ü"}`)
		res, err := Upload(t.Context(), &MediaUpload{URL: scriptHost, Kind: Multipart, Client: client}, job)
		if err != nil || res.Size != int64(len(data)) {
			t.Fatalf("size %d: %+v, %v", size, res, err)
		}
		want := "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"name\":\"ü\"}\r\n--" + boundary +
			"\r\nContent-Type: video/mp4\r\n\r\n" + string(data) + "\r\n--" + boundary + "--"
		if string(body) != want {
			t.Errorf("size %d: body of %d bytes, want %d", size, len(body), len(want))
		}
		if bytes.Contains(data, []byte(boundary)) || len(boundary) < 36 {
			t.Errorf("boundary %q", boundary)
		}
	}
}

// TestMultipartStalled: a source that hangs is closed, and named.
func TestMultipartStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &MediaUpload{URL: scriptHost, Kind: Multipart, Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			_, err := io.Copy(io.Discard, r.Body)
			return nil, err
		})}}
		u := Uploader{Protocol: p, Retry: Retry{Attempts: 1}}
		open := func(ctx context.Context, _ int64) (io.ReadCloser, error) { return hanging{ctx}, nil }
		_, err := u.Upload(t.Context(), Job{Media: Media{Size: 10}, Open: open})
		if _, ok := errors.AsType[*SourceError](err); !ok || !errors.Is(err, ErrStalled) {
			t.Errorf("Upload: %v", err)
		}
	})
}
