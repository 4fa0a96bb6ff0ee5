package emulator

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rwcarlsen/goexif/exif"

	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func TestBaseURL(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{ProcessingTime: -1})
	photo, video := jpegOf(1), movieOf(2, 0)
	res := p.create("", p.raw(photo), p.raw(video))
	address := func(i int) string {
		var it photos.WireItem
		p.ok("GET", "/v1/mediaItems/"+res[i].MediaItem.ID, "", &it)
		return it.BaseURL
	}
	get := func(url string) reply { return p.must("GET", url, headers{"Authorization": ""}, "") }

	download := get(address(0) + "=d")
	before, after := exifOf(t, photo), exifOf(t, []byte(download.body))
	for _, name := range []exif.FieldName{exif.DateTimeOriginal, exif.Model} {
		was, _ := before.Get(name)
		is, err := after.Get(name)
		if err != nil || is.String() != was.String() {
			t.Errorf("=d: %s is %v, was %v", name, is, was)
		}
	}
	if download.status != 200 || len(download.body) != len(photo) {
		t.Errorf("=d: %d, %d bytes", download.status, len(download.body))
	}
	if _, _, err := before.LatLong(); err != nil {
		t.Errorf("the original has no place: %v", err)
	}
	if _, _, err := after.LatLong(); err == nil {
		t.Error("=d has the place")
	}
	if head := p.must("HEAD", address(0)+"=d", headers{"Authorization": ""}, ""); head.header.Get("Content-Length") != strconv.Itoa(len(photo)) {
		t.Errorf("HEAD: %v", head.header)
	}
	if part := p.must("GET", address(0)+"=d", headers{"Authorization": "", "Range": "bytes=0-1"}, ""); part.status != 206 || part.body != "\xff\xd8" {
		t.Errorf("range: %d %q", part.status, part.body)
	}
	if dv := get(address(1) + "=dv"); dv.status != 200 || dv.body == string(video) || !strings.HasPrefix(dv.body, string(video)) {
		t.Errorf("=dv: %d", dv.status)
	}
	for suffix, want := range map[string][2]int{"=w48": {48, 36}, "=w48-h20": {26, 20}, "=w50-h50-c": {50, 50}, "=w4000-no": {96, 72}} {
		r := get(address(0) + suffix)
		if got := sizeOfJPEG(t, r.body); got != want {
			t.Errorf("%s: %d %v, want %v", suffix, r.status, got, want)
		}
	}
	for suffix, want := range map[string]int{"": 403, "=x": 403, "=dv": 404} {
		if r := get(address(0) + suffix); r.status != want {
			t.Errorf("%q: %d", suffix, r.status)
		}
	}
	url := address(0) + "=d"
	p.e.Clock.Advance(59 * time.Minute)
	if r := get(url); r.status != 200 {
		t.Errorf("after 59 minutes: %d", r.status)
	}
	p.e.Clock.Advance(time.Minute)
	if r := get(url); r.status != 403 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Errorf("after an hour: %d %v", r.status, r.header)
	}
	p.token = p.e.Google.Token("")
	url = address(0) + "=d"
	p.e.Google.Drop(res[0].MediaItem.ID)
	if r := get(url); r.status != 404 || !strings.HasPrefix(r.header.Get("Content-Type"), "image/") {
		t.Errorf("dropped: %d %v", r.status, r.header)
	}
	url = address(1) + "=dv"
	p.e.Google.Revoke()
	if r := get(url); r.status != 403 {
		t.Errorf("revoked: %d", r.status)
	}
}

func TestBareBaseURL(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{BareBaseURL: true, DailyDownloads: 1})
	var it photos.WireItem
	p.ok("GET", "/v1/mediaItems/"+p.create("", p.raw(jpegOf(1)))[0].MediaItem.ID, "", &it)
	if r := p.must("GET", it.BaseURL, nil, ""); r.status != 200 || r.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %v", r.status, r.header)
	}
	if leaks := p.e.Log.Leaks(); len(leaks) != 1 {
		t.Errorf("the token that went to the bytes host was noted %d times", len(leaks))
	}
	if r := p.must("GET", it.BaseURL, nil, ""); r.status != 429 {
		t.Errorf("beyond the quota: %d", r.status)
	}
}

func TestLargeFilesAreNotHeld(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{KeepFile: 1 << 20, KeepAll: 12 << 20, ProcessingTime: -1})
	for i := range 4 {
		data := movieOf(i, 10<<20)
		res := p.create("", p.raw(data))
		if m := res[0].MediaItem.MediaMetadata; m.Width != 3840 || m.CreationTime != fmt.Sprintf("2026-01-21T10:%02d:00Z", i) {
			t.Errorf("metadata of a video that is not held: %+v", m)
		}
	}
	if bytes, items := p.e.Google.photos.Held(); bytes > 12<<20 || items == 4 {
		t.Errorf("%d bytes of %d items are held", bytes, items)
	}
	var it photos.WireItem
	for _, item := range p.e.Google.Items() {
		p.ok("GET", "/v1/mediaItems/"+item.ID, "", &it)
		for _, suffix := range []string{"=w100", "=dv", "=d"} {
			if r := p.must("GET", it.BaseURL+suffix, headers{"Authorization": ""}, ""); r.status != 200 {
				t.Errorf("%s: %d", suffix, r.status)
			}
		}
	}
}

func exifOf(t *testing.T, data []byte) *exif.Exif {
	t.Helper()
	x, err := exif.Decode(bytes.NewReader(data))
	if err != nil && (x == nil || exif.IsCriticalError(err)) {
		t.Fatal(err)
	}
	return x
}

// sizeOfJPEG returns the width and height of a picture.
func sizeOfJPEG(t *testing.T, data string) [2]int {
	t.Helper()
	c, err := jpeg.DecodeConfig(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return [2]int{c.Width, c.Height}
}
