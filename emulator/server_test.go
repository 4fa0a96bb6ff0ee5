package emulator_test

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// TestListenBehind finds the front's address wherever a URL is handed out.
func TestListenBehind(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
	var asked []string
	server, err := c.ListenBehind("127.0.0.1", func(address string) (string, error) {
		asked = append(asked, address)
		return "front.test:" + address[strings.LastIndexByte(address, ':')+1:], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{server.GoProURL, server.CDNURL, server.PhotosURL, server.OAuthURL, server.BytesURL, c.SourceURL(c.GoPro.Library()[0].ID)} {
		u, err := url.Parse(link)
		if err != nil || u.Hostname() != "front.test" || !slices.Contains(asked, "127.0.0.1:"+u.Port()) {
			t.Errorf("%s does not name the front of one of %v", link, asked)
		}
	}
	if !strings.HasPrefix(server.ControlURL, "http://127.0.0.1:") {
		t.Errorf("the control API is at %s", server.ControlURL)
	}
}

// TestListenTLS hands out HTTPS addresses that answer.
func TestListenTLS(t *testing.T) {
	t.Parallel()
	issuer := httptest.NewTLSServer(http.NotFoundHandler())
	defer issuer.Close()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
	if _, err := c.ListenTLS("127.0.0.1", &tls.Config{Certificates: issuer.TLS.Certificates}); err != nil {
		t.Fatal(err)
	}
	link := c.SourceURL(c.GoPro.Library()[0].ID)
	if !strings.HasPrefix(link, "https://") {
		t.Fatalf("address without TLS: %s", link)
	}
	resp, err := issuer.Client().Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != c.GoPro.Library()[0].Sources[0].Content.Size() {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestListenBehindNothing(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	none := errors.New("no front")
	if _, err := c.ListenBehind("127.0.0.1", func(string) (string, error) { return "", none }); !errors.Is(err, none) {
		t.Errorf("ListenBehind = %v, want %v", err, none)
	}
}

// TestSettle lets a client die in the middle of a request, and asks at once for
// what it has left.
func TestSettle(t *testing.T) {
	t.Parallel()
	data := emutest.BytesOf(11, 5*emutest.Granule)
	for range 20 {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{ExactPrefix: true})
		_, upload, _ := strings.Cut(p.Begin(len(data)), "/v1/")
		server, err := p.E.Listen("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.PhotosURL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf("POST /v1/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nX-Goog-Upload-Command: upload, finalize\r\nContent-Length: %d\r\n\r\n", upload, p.Token, len(data))
		if _, err := conn.Write(append([]byte(head), data[:3*emutest.Granule+7]...)); err != nil {
			t.Fatal(err)
		}
		waits, giveUp := context.WithTimeout(t.Context(), time.Millisecond)
		if server.Settle(waits) == nil {
			t.Error("it settled with a client in mid-request")
		}
		giveUp()
		conn.Close()
		if err := server.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, n := p.E.Google.Uploads()[0].Received, p.E.Log.Count("upload.finalize"); got != 3*emutest.Granule+7 || n != 1 {
			t.Fatalf("%d bytes are there and %d requests logged, want %d and 1", got, n, 3*emutest.Granule+7)
		}
	}
}

// TestDigest identifies files by something quicker than SHA-256.
func TestDigest(t *testing.T) {
	t.Parallel()
	quick := func() hash.Hash { return crc32.NewIEEE() }
	c := emutest.NewCloud(t, emulator.Options{Google: emulator.GoogleOptions{Digest: quick}})
	photo := sample.NewPhoto(sample.Shot{Seed: 1, Width: 10, Height: 10}, 8<<10)
	data := make([]byte, photo.Size())
	if _, err := photo.ReadAt(data, 0); err != nil {
		t.Fatal(err)
	}
	item, err := c.Google.Put("", "a.jpg", data)
	if err != nil {
		t.Fatal(err)
	}
	sum := crc32.NewIEEE()
	sum.Write(data)
	if want := hexOf(sum.Sum(nil)); item.SHA256 != want {
		t.Errorf("the item's digest is %s, want %s", item.SHA256, want)
	}
}

// hexOf is a short sum as an item tells it.
func hexOf(sum []byte) string {
	return hex.EncodeToString(append(sum, make([]byte, 32-len(sum))...))
}
