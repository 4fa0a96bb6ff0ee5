package resumable

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// shelf serves an object as Cloud Storage does, over a line that drops.
type shelf struct {
	data     []byte
	etag     string
	cuts     []int // bytes after which successive answers break off; then none
	noRanges bool
	chunked  bool
	change   int // answer from which on the object is another; 0: none
	header   http.Header
	asked    []string
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
	data, etag := s.data, s.etag
	if s.change > 0 && len(s.asked) >= s.change {
		data, etag = bytes.Clone(data), etag+"changed"
		data[len(data)-1]++
	}
	rec := httptest.NewRecorder()
	rec.Header().Set("ETag", `"`+etag+`"`)
	if etag == "" {
		rec.Header().Del("ETag")
	}
	sum := md5.Sum(data)
	rec.Header().Set("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(sum[:]))
	for name, values := range s.header {
		rec.Header()[name] = values
	}
	from, _ := strconv.Atoi(strings.Trim(r.Header.Get("Range"), "bytes=-"))
	if given := rec.Header().Get("Content-Range"); given != "" && from == 0 {
		rec.Header().Del("Content-Range")
	}
	switch {
	case from == 0 || s.noRanges || r.Header.Get("If-Range") != "" && r.Header.Get("If-Range") != rec.Header().Get("ETag"):
		from = 0
	default:
		if rec.Header().Get("Content-Range") == "" {
			rec.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
		}
		rec.WriteHeader(http.StatusPartialContent)
	}
	resp := rec.Result()
	rest := data[from:]
	resp.ContentLength = int64(len(rest))
	if s.chunked {
		resp.ContentLength = -1
	}
	resp.Body = io.NopCloser(bytes.NewReader(rest))
	if len(s.cuts) > 0 {
		cut := s.cuts[0]
		s.cuts = s.cuts[1:]
		if cut < len(rest) {
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(rest[:cut]), brokenReader{}))
		}
	}
	return resp, nil
}

func (s *shelf) downloader() *Downloader {
	return &Downloader{Client: &http.Client{Transport: s}, Retry: Retry{Attempts: 5}}
}

// TestDownloadSurvivesCuts: the bytes of one version arrive, or an error.
func TestDownloadSurvivesCuts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &shelf{
			data: content(rapid.Int64Range(1, 300_000).Draw(rt, "size")), etag: "v1",
			cuts:     rapid.SliceOfN(rapid.IntRange(0, 200_000), 0, 6).Draw(rt, "cuts"),
			noRanges: rapid.Bool().Draw(rt, "ignores ranges"), chunked: rapid.Bool().Draw(rt, "chunked"),
			change: rapid.IntRange(0, 5).Draw(rt, "changes with answer"),
		}
		kill := rapid.IntRange(0, 3).Draw(rt, "kill at save")
		sum := rapid.SampledFrom([]Checksum{MD5, SHA256, NoChecksum}).Draw(rt, "checksum")
		synctest.Test(t, func(t *testing.T) {
			var to bytes.Buffer
			killed := errors.New("killed")
			f := Fetch{URL: "https://storage.example/o", To: &slow{&to}, Checksum: sum}
			f.Save = func(_ context.Context, r Received) error {
				f.From = &r
				if kill--; kill == 0 {
					return killed
				}
				return nil
			}
			res, err := s.downloader().Download(t.Context(), f)
			if errors.Is(err, killed) {
				to.Truncate(int(f.From.Bytes))
				res, err = s.downloader().Download(t.Context(), f)
			}
			changed := bytes.Clone(s.data)
			changed[len(changed)-1]++
			switch {
			case err != nil && !errors.Is(err, ErrSourceChanged) && len(s.asked) < 5:
				rt.Fatalf("Download: %v after %q", err, s.asked)
			case err == nil && !bytes.Equal(to.Bytes(), s.data) && !bytes.Equal(to.Bytes(), changed):
				rt.Fatalf("%d bytes that are not the %d, after %q", to.Len(), len(s.data), s.asked)
			case err == nil && (res.Size != int64(to.Len()) || res.Verified != (sum == MD5)):
				rt.Errorf("%+v", res)
			}
		})
	})
}

// slow takes time for each write, so that there is something to save.
type slow struct{ to io.Writer }

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(2 * time.Second)
	return s.to.Write(p)
}

func TestDownloadEnds(t *testing.T) {
	refusing := func(status int) func(*shelf, *Fetch, *Downloader) {
		return func(_ *shelf, _ *Fetch, d *Downloader) {
			d.Client = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				rec.Header().Set("Location", "https://evil.example/o")
				rec.WriteHeader(status)
				return rec.Result(), nil
			})}
		}
	}
	for name, tc := range map[string]struct {
		set   func(*shelf, *Fetch, *Downloader)
		check func(error) bool
	}{
		"not found":  {refusing(404), isStatus(404)},
		"down":       {refusing(503), isStatus(503)},
		"redirected": {refusing(302), func(err error) bool { return errors.Is(err, ErrRedirect) }},
		"corrupt": {func(s *shelf, _ *Fetch, _ *Downloader) {
			s.header = http.Header{"X-Goog-Hash": {"crc32c=AAAAAA==", "md5=1B2M2Y8AsgTpgAmY7PhCfg=="}}
		}, func(err error) bool { _, ok := errors.AsType[*ChecksumError](err); return ok }},
		"changed":      {func(s *shelf, _ *Fetch, _ *Downloader) { s.cuts, s.change = []int{10}, 2 }, func(err error) bool { return errors.Is(err, ErrSourceChanged) }},
		"no validator": {func(s *shelf, _ *Fetch, _ *Downloader) { s.cuts, s.etag = []int{10}, "" }, func(err error) bool { return errors.Is(err, ErrSourceChanged) }},
		"another part": {func(s *shelf, _ *Fetch, _ *Downloader) {
			s.cuts, s.header = []int{10}, http.Header{"Content-Range": {"bytes 9-999/1000"}}
		}, func(err error) bool { return errors.Is(err, ErrContradiction) }},
		"another version in parts": {func(s *shelf, _ *Fetch, d *Downloader) {
			s.cuts = []int{10}
			d.Client = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := s.RoundTrip(r)
				resp.Header.Set("ETag", fmt.Sprintf("\"%d\"", len(s.asked)))
				s.etag = fmt.Sprint(len(s.asked)) // the server ignores If-Range
				return resp, err
			})}
		}, func(err error) bool { return errors.Is(err, ErrSourceChanged) }},
		"disk full":    {func(_ *shelf, f *Fetch, _ *Downloader) { f.To = full{} }, func(err error) bool { _, ok := errors.AsType[*SinkError](err); return ok }},
		"never a byte": {func(s *shelf, _ *Fetch, _ *Downloader) { s.cuts = make([]int, 10) }, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &shelf{data: content(1000), etag: "v1"}
				f, d := Fetch{URL: "https://storage.example/o?secret", To: io.Discard, Checksum: MD5}, s.downloader()
				tc.set(s, &f, d)
				_, err := d.Download(t.Context(), f)
				if err == nil || !tc.check(err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("Download: %v (%T)", err, err)
				}
			})
		})
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

// TestDownloadRequests: the range and the validator of what is fetched on.
func TestDownloadRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{data: content(1000), etag: "v1", cuts: []int{10, 20}}
		var progress []int64
		_, err := s.downloader().Download(t.Context(), Fetch{
			URL: "https://storage.example/o", To: io.Discard, Progress: func(n, size int64) { progress = append(progress, n, size) },
		})
		if want := []string{" ", `bytes=10- "v1"`, `bytes=30- "v1"`}; err != nil || fmt.Sprint(s.asked) != fmt.Sprint(want) {
			t.Errorf("asked %q, want %q: %v", s.asked, want, err)
		}
		if want := []int64{10, 1000, 30, 1000, 1000, 1000}; fmt.Sprint(progress) != fmt.Sprint(want) {
			t.Errorf("progress %v, want %v", progress, want)
		}
	})
}

// TestDownloadTranscoded: what Cloud Storage decompresses has no digest.
func TestDownloadTranscoded(t *testing.T) {
	s := &shelf{data: content(1000), etag: "v1", header: http.Header{
		"X-Goog-Stored-Content-Encoding": {"gzip"}, "X-Goog-Hash": {"md5=1B2M2Y8AsgTpgAmY7PhCfg=="},
	}}
	res, err := s.downloader().Download(t.Context(), Fetch{URL: "https://storage.example/o", To: io.Discard, Checksum: MD5})
	if err != nil || res.Verified {
		t.Errorf("%+v, %v", res, err)
	}
}
