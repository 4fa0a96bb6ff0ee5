package emulator

import (
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestListenBehind finds the front's address wherever a URL is handed out.
func TestListenBehind(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(1, 1)})
	var asked []string
	server, err := c.ListenBehind("127.0.0.1", func(address string) (string, error) {
		asked = append(asked, address)
		return "front.test:" + address[strings.LastIndexByte(address, ':')+1:], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{server.GoProURL, server.CDNURL, server.PhotosURL, server.OAuthURL, server.BytesURL, c.sourceURL(c.GoPro.Library()[0].ID)} {
		u, err := url.Parse(link)
		if err != nil || u.Hostname() != "front.test" || !slices.Contains(asked, "127.0.0.1:"+u.Port()) {
			t.Errorf("%s does not name the front of one of %v", link, asked)
		}
	}
	if !strings.HasPrefix(server.ControlURL, "http://127.0.0.1:") {
		t.Errorf("the control API is at %s", server.ControlURL)
	}
}

func TestListenBehindNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	none := errors.New("no front")
	if _, err := c.ListenBehind("127.0.0.1", func(string) (string, error) { return "", none }); !errors.Is(err, none) {
		t.Errorf("ListenBehind = %v, want %v", err, none)
	}
}

// TestDigest identifies files by something quicker than SHA-256.
func TestDigest(t *testing.T) {
	t.Parallel()
	quick := func() hash.Hash { return crc32.NewIEEE() }
	c := newCloud(t, Options{Google: GoogleOptions{Digest: quick}})
	photo := NewPhoto(Shot{Seed: 1, Width: 10, Height: 10}, 8<<10)
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
