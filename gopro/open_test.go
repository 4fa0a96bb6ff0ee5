package gopro

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

var content = []byte(strings.Repeat("0123456789", 100))

// cdn serves one object under signatures that a test controls.
type cdn struct {
	t       *testing.T
	serve   func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1
	n       atomic.Int64
	resolve atomic.Int64
	life    time.Duration
	etag    string
}

// newCDN starts a CDN, and an API whose medium "m" lies there, signed anew with
// every resolution.
func newCDN(t *testing.T, c *cdn) (*Source, media.Item) {
	t.Helper()
	c.t = t
	if c.life == 0 {
		c.life = time.Hour
	}
	if c.etag == "" {
		c.etag = `"d41d8cd98f00b204e9800998ecf8427e-1"`
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := c.resolve.Add(1)
		e := variation("x", "source", "mp4", 2160, "")
		address := fmt.Sprintf("%s/0f3a/123/source/default/1.mp4?Expires=%d&Signature=SECRET%d~%%2f&Key-Pair-Id=K", server.URL, time.Now().Add(c.life).Unix(), n)
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		writeJSON(w, 200, manifest("GX010042.MP4", nil, []string{strings.Replace(e, signed("x"), address, 1)}, nil))
	})
	apiServer := httptest.NewServer(api)
	t.Cleanup(apiServer.Close)
	client, err := NewClient(Options{BaseURL: apiServer.URL, Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.cdn.CloseIdleConnections()
		client.api.CloseIdleConnections()
	})
	source, err := NewSource(client, SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return source, media.Item{ID: media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, Name: "GX010042.MP4", Type: "Video", Kind: media.Video}
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"Authorization", "Cookie", "Referer"} {
		if r.Header.Get(name) != "" {
			c.t.Errorf("the CDN was sent %s", name)
		}
	}
	if r.Method != http.MethodGet || !strings.HasSuffix(r.RequestURI, "~%2f&Key-Pair-Id=K") {
		c.t.Errorf("the CDN was asked %s %s", r.Method, r.RequestURI)
	}
	n := int(c.n.Add(1))
	if c.serve != nil {
		c.serve(n, w, r)
		return
	}
	c.object(w, r)
}

// object serves the content as CloudFront does.
func (c *cdn) object(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", c.etag)
	w.Header().Set("Content-Type", "binary/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func TestOpen(t *testing.T) {
	const tag = `"d41d8cd98f00b204e9800998ecf8427e-1"`
	status := func(code int, header string) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) { reply{code, header, "<Error/>"}.write(w) }
	}
	size := int64(len(content))
	for _, tc := range []struct {
		name     string
		offset   int64
		version  string
		serve    func(*cdn) func(int, http.ResponseWriter, *http.Request)
		class    fault.Class // of Open
		code     string
		requests int64 // to the CDN
		resolved int64
	}{
		{name: "from the start", requests: 1, resolved: 1},
		{name: "from the start, known version", version: tag, requests: 1, resolved: 1},
		{name: "from the middle", offset: 314, requests: 1, resolved: 1},
		{name: "from the middle, known version", offset: 314, version: tag, requests: 1, resolved: 1},
		{name: "at the end", offset: size, version: tag, requests: 1, resolved: 1},
		{name: "beyond the end", offset: size + 1, class: fault.Item, code: fault.Changed, requests: 1, resolved: 1},
		{name: "another version, from the start", version: `"x"`, class: fault.Item, code: fault.Changed, requests: 1, resolved: 1},
		{name: "another version, from the middle", offset: 314, version: `"x"`, class: fault.Item, code: fault.Changed, requests: 1, resolved: 1},
		{name: "ranges are not known", offset: 314, version: tag, requests: 1, resolved: 1,
			serve: func(c *cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, r *http.Request) { r.Header.Del("Range"); c.object(w, r) }
			}},
		{name: "ranges are not known, nor versions", offset: 314, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, r *http.Request) { _, _ = w.Write(content) }
			}},
		{name: "another range", offset: 314, class: fault.Transient, code: fault.Protocol, requests: 1, resolved: 1,
			serve: func(c *cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, r *http.Request) {
					r.Header.Set("Range", "bytes=313-")
					c.object(w, r)
				}
			}},
		{name: "a range that ends early", offset: 314, class: fault.Transient, code: fault.Protocol, requests: 1, resolved: 1,
			serve: func(c *cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, r *http.Request) {
					r.Header.Set("Range", "bytes=314-500")
					c.object(w, r)
				}
			}},
		{name: "an expired address", offset: 314, requests: 2, resolved: 2,
			serve: func(c *cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(n int, w http.ResponseWriter, r *http.Request) {
					if n == 1 {
						w.WriteHeader(403)
						return
					}
					c.object(w, r)
				}
			}},
		{name: "all addresses refused", class: fault.Transient, code: fault.Server, requests: 3, resolved: 3,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) { return status(403, "") }},
		{name: "not there", class: fault.Item, code: fault.Gone, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) { return status(404, "") }},
		{name: "down", class: fault.Transient, code: fault.Server, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) { return status(503, "") }},
		{name: "two ways to authorize", class: fault.Item, code: fault.Protocol, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) { return status(400, "") }},
		{name: "a redirect into the clear", class: fault.Transient, code: fault.Unreachable, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) {
				return status(302, "Location: http://cdn.example/?Signature=SECRET")
			}},
		{name: "a web page", class: fault.Transient, code: fault.Protocol, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/html; charset=utf-8")
					_, _ = io.WriteString(w, "<html>Welcome to the hotel")
				}
			}},
		{name: "of unknown length", class: fault.Transient, code: fault.Protocol, requests: 1, resolved: 1,
			serve: func(*cdn) func(int, http.ResponseWriter, *http.Request) {
				return func(_ int, w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write(content)
					_ = http.NewResponseController(w).Flush()
				}
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &cdn{}
			source, item := newCDN(t, c)
			if tc.serve != nil {
				c.serve = tc.serve(c)
			}
			got, err := source.Open(t.Context(), item, tc.offset, tc.version)
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error holds a signature: %v", err)
			}
			if tc.code != "" && (fault.CodeOf(err) != tc.code || fault.ClassOf(err) != tc.class) || tc.code == "" && err != nil {
				t.Fatalf("Open = %v (%s, %s), want %s, %s", err, fault.ClassOf(err), fault.CodeOf(err), tc.class, tc.code)
			}
			if n := source.Requests(); n["cdn"] != tc.requests || n["gopro"] != tc.resolved || c.n.Load() != tc.requests {
				t.Errorf("requests %v, want %d to the CDN and %d to the API", n, tc.requests, tc.resolved)
			}
			if err != nil {
				return
			}
			defer got.Body.Close()
			b, err := io.ReadAll(got.Body)
			if err != nil || !bytes.Equal(b, content[tc.offset:]) || got.Offset != tc.offset || got.Size != size {
				t.Errorf("%d bytes at %d of %d, %v", len(b), got.Offset, got.Size, err)
			}
			if got.Version != tag && got.Version != "" {
				t.Errorf("version %q", got.Version)
			}
		})
	}
}

func TestOpenWhatCannotBeOpened(t *testing.T) {
	api := emulated(t, &cloud{manifests: map[string]string{
		"m":    manifest("GX010042.MP4", nil, []string{chapter(1, part(1)), chapter(2, part(2)+`,"available":false`)}, nil),
		"jpeg": manifest("GOPR1.GPR", nil, []string{variation("1.jpg", "source", "jpg", 3000, "")}, nil),
		"http": manifest("a.mp4", nil, []string{strings.ReplaceAll(chapter(1, ""), "https:", "http:")}, nil),
	}})
	source, err := NewSource(newTestClient(t, api), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := func(medium string, part int, label string) media.ID {
		return media.ID{Station: "gopro", Medium: medium, Part: part, Label: label}
	}
	for _, tc := range []struct {
		name string
		item media.Item
		code string
	}{
		{"without identity", media.Item{Name: "GX010042000.MP4"}, fault.Gone},
		{"of another station", media.Item{ID: media.ID{Station: "folder"}, Name: "a.mp4"}, fault.Gone},
		{"of a medium in the trash", media.Item{ID: id("trash", 1, "source"), Name: "a.mp4"}, fault.Gone},
		{"of a part that is not there", media.Item{ID: id("m", 3, "source"), Name: "a.mp4"}, fault.Gone},
		{"of a part that is away", media.Item{ID: id("m", 2, "source"), Name: "a.mp4"}, fault.Gone},
		{"of a label that is not there", media.Item{ID: id("m", 1, "mp4_low"), Name: "a.mp4"}, fault.Gone},
		{"that became another type", media.Item{ID: id("jpeg", 1, "source"), Name: "GOPR1.GPR", Type: "Photo"}, fault.Changed},
		{"in the clear", media.Item{ID: id("http", 1, "source"), Name: "a.mp4"}, fault.Protocol},
	} {
		_, err := source.Open(t.Context(), tc.item, 0, "")
		if fault.CodeOf(err) != tc.code || fault.ClassOf(err) != fault.Item {
			t.Errorf("%s: %v (%s, %s), want %s", tc.name, err, fault.ClassOf(err), fault.CodeOf(err), tc.code)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v holds a signature", tc.name, err)
		}
	}
}

// A connection that ends early is an error, never the end of the file.
func TestSurprisingSizeIsConfirmed(t *testing.T) {
	short := func(first, last int) func(int, http.ResponseWriter, *http.Request) {
		return func(n int, w http.ResponseWriter, _ *http.Request) {
			if n >= first && n <= last {
				_, _ = w.Write(content[:500])
				return
			}
			_, _ = w.Write(content)
		}
	}
	for _, tc := range []struct {
		name     string
		recorded int64
		serve    func(int, http.ResponseWriter, *http.Request)
		code     string
		size     int
		requests int64
	}{
		{name: "as recorded", recorded: int64(len(content)), serve: short(0, 0), size: len(content), requests: 1},
		{name: "unknown", recorded: media.SizeUnknown, serve: short(0, 0), size: len(content), requests: 1},
		{name: "cut short once", recorded: int64(len(content)), serve: short(1, 1), code: fault.Protocol, requests: 2},
		{name: "another size than recorded", recorded: 12345, serve: short(0, 0), size: len(content), requests: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &cdn{serve: tc.serve}
			source, item := newCDN(t, c)
			item.Size = tc.recorded
			got, err := source.Open(t.Context(), item, 0, "")
			if fault.CodeOf(err) != tc.code || err != nil && fault.ClassOf(err) != fault.Transient || c.n.Load() != tc.requests {
				t.Fatalf("Open = %v after %d requests, want %q after %d", err, c.n.Load(), tc.code, tc.requests)
			}
			if err != nil {
				return
			}
			defer got.Body.Close()
			if b, err := io.ReadAll(got.Body); err != nil || len(b) != tc.size {
				t.Errorf("%d bytes, %v, want %d", len(b), err, tc.size)
			}
		})
	}
}

func TestBodyEndsEarly(t *testing.T) {
	c := &cdn{}
	source, item := newCDN(t, c)
	c.serve = func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:600])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	got, err := source.Open(t.Context(), item, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || fault.ClassOf(err) != fault.Transient || len(b) != 600 {
		t.Errorf("read %d bytes, %v", len(b), err)
	}
}

// An address goes over the line as it was given.
func TestVerbatim(t *testing.T) {
	for _, rest := range []string{
		"/a/b.mp4?Expires=1&Signature=a~b-c_&Key-Pair-Id=K",
		"/a%2fb/%7Ec.mp4?response-content-disposition=attachment%3B+filename%3D%22x.mp4%22",
		"/a//b/../c.mp4?x=%zz",
		"/a?", "/a;b=c?d;e", "/a(1)'!*.mp4?q=[]|^",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		line := make(chan string, 1)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				line <- err.Error()
				return
			}
			defer conn.Close()
			b := make([]byte, 4096)
			n, _ := conn.Read(b)
			first, _, _ := strings.Cut(string(b[:n]), "\r\n")
			line <- first
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}()
		c, err := NewClient(Options{BaseURL: "http://" + listener.Addr().String(), Token: testToken})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.open(t.Context(), request{op: "open x", url: "http://" + listener.Addr().String() + rest})
		if err != nil {
			t.Errorf("%s: %v", rest, err)
		} else {
			got.Body.Close()
		}
		listener.Close()
		if sent := <-line; sent != "GET "+rest+" HTTP/1.1" {
			t.Errorf("sent %q for %s", sent, rest)
		}
	}
}
