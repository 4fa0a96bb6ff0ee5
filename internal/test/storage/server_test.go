package storage

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	gcs "cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/fullstorydev/emulators/storage/gcsemu"
	"google.golang.org/api/option"
)

const bucket = "bucket"

// servers are the servers of Cloud Storage's protocol.
var servers = map[string]func(*testing.T) string{
	"fake-gcs-server": func(t *testing.T) string {
		server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1", Writer: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
		return server.URL()
	},
	"gcsemu": func(t *testing.T) string {
		emulator := gcsemu.NewGcsEmu(gcsemu.Options{})
		if err := emulator.InitBucket(bucket); err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		emulator.Register(mux)
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		return server.URL
	},
}

// official returns Google's client of a server.
func official(t *testing.T, server string) *gcs.BucketHandle {
	t.Helper()
	t.Setenv("STORAGE_EMULATOR_HOST", server)
	c, err := gcs.NewClient(context.Background(), option.WithoutAuthentication(), gcs.WithJSONReads())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.Bucket(bucket)
}

func uploadURL(server, kind, name string) string {
	return server + "/upload/storage/v1/b/" + bucket + "/o?uploadType=" + kind + "&name=" + url.QueryEscape(name)
}

// byPost sends chunks by POST, as Google's Go client does: gcsemu knows no other
// method. The documented one is PUT.
type byPost struct{}

func (byPost) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		r = r.Clone(r.Context())
		r.Method = http.MethodPost
	}
	return http.DefaultTransport.RoundTrip(r)
}

// transportOf returns what reaches a server.
func transportOf(server string) http.RoundTripper {
	if server == "gcsemu" {
		return byPost{}
	}
	return http.DefaultTransport
}

// unreliable lets requests through, and loses some answers.
type unreliable struct {
	http.RoundTripper
	lose func(n int, r *http.Request) bool // n counts chunks
	n    int
}

func (u *unreliable) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && !strings.Contains(r.Header.Get("Content-Range"), "*/") {
		u.n++
	}
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil && r.Method == http.MethodPut && u.lose(u.n, r) {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}
