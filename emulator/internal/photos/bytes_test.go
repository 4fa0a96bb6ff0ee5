package photos_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rwcarlsen/goexif/exif"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func TestBaseURL(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{ProcessingTime: -1})
	photo, video := emutest.JPEGOf(1), emutest.MovieOf(2, 0)
	res := p.Create("", p.Raw(photo), p.Raw(video))
	address := func(i int) string {
		var it photos.WireItem
		p.OK("GET", "/v1/mediaItems/"+res[i].MediaItem.ID, "", &it)
		return it.BaseURL
	}
	get := func(url string) emutest.Reply { return p.Must("GET", url, emutest.Headers{"Authorization": ""}, "") }

	download := get(address(0) + "=d")
	before, after := exifOf(t, photo), exifOf(t, []byte(download.Body))
	for _, name := range []exif.FieldName{exif.DateTimeOriginal, exif.Model} {
		was, _ := before.Get(name)
		is, err := after.Get(name)
		if err != nil || is.String() != was.String() {
			t.Errorf("=d: %s is %v, was %v", name, is, was)
		}
	}
	if download.Status != 200 || len(download.Body) != len(photo) {
		t.Errorf("=d: %d, %d bytes", download.Status, len(download.Body))
	}
	if _, _, err := before.LatLong(); err != nil {
		t.Errorf("the original has no place: %v", err)
	}
	if _, _, err := after.LatLong(); err == nil {
		t.Error("=d has the place")
	}
	if head := p.Must("HEAD", address(0)+"=d", emutest.Headers{"Authorization": ""}, ""); head.Header.Get("Content-Length") != strconv.Itoa(len(photo)) {
		t.Errorf("HEAD: %v", head.Header)
	}
	if part := p.Must("GET", address(0)+"=d", emutest.Headers{"Authorization": "", "Range": "bytes=0-1"}, ""); part.Status != 206 || part.Body != "\xff\xd8" {
		t.Errorf("range: %d %q", part.Status, part.Body)
	}
	if dv := get(address(1) + "=dv"); dv.Status != 200 || dv.Body == string(video) || !strings.HasPrefix(dv.Body, string(video)) {
		t.Errorf("=dv: %d", dv.Status)
	}
	for suffix, want := range map[string][2]int{"=w48": {48, 36}, "=w48-h20": {26, 20}, "=w50-h50-c": {50, 50}, "=w4000-no": {96, 72}} {
		r := get(address(0) + suffix)
		if got := sizeOfJPEG(t, r.Body); got != want {
			t.Errorf("%s: %d %v, want %v", suffix, r.Status, got, want)
		}
	}
	for suffix, want := range map[string]int{"": 403, "=x": 403, "=dv": 404} {
		if r := get(address(0) + suffix); r.Status != want {
			t.Errorf("%q: %d", suffix, r.Status)
		}
	}
	url := address(0) + "=d"
	p.E.Clock.Advance(59 * time.Minute)
	if r := get(url); r.Status != 200 {
		t.Errorf("after 59 minutes: %d", r.Status)
	}
	p.E.Clock.Advance(time.Minute)
	if r := get(url); r.Status != 403 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("after an hour: %d %v", r.Status, r.Header)
	}
	p.Token = p.E.Google.Token("")
	url = address(0) + "=d"
	p.E.Google.Drop(res[0].MediaItem.ID)
	if r := get(url); r.Status != 404 || !strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
		t.Errorf("dropped: %d %v", r.Status, r.Header)
	}
	url = address(1) + "=dv"
	p.E.Google.Revoke()
	if r := get(url); r.Status != 403 {
		t.Errorf("revoked: %d", r.Status)
	}
}

func TestBareBaseURL(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{BareBaseURL: true, DailyDownloads: 1})
	var it photos.WireItem
	p.OK("GET", "/v1/mediaItems/"+p.Create("", p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID, "", &it)
	if r := p.Must("GET", it.BaseURL, nil, ""); r.Status != 200 || r.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	if leaks := p.E.Log.Leaks(); len(leaks) != 1 {
		t.Errorf("the token that went to the bytes host was noted %d times", len(leaks))
	}
	if r := p.Must("GET", it.BaseURL, nil, ""); r.Status != 429 {
		t.Errorf("beyond the quota: %d", r.Status)
	}
}

func TestLargeFilesAreNotHeld(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{KeepFile: 1 << 20, KeepAll: 12 << 20, ProcessingTime: -1})
	for i := range 4 {
		data := emutest.MovieOf(i, 10<<20)
		res := p.Create("", p.Raw(data))
		if m := res[0].MediaItem.MediaMetadata; m.Width != 3840 || m.CreationTime != fmt.Sprintf("2026-01-21T10:%02d:00Z", i) {
			t.Errorf("metadata of a video that is not held: %+v", m)
		}
	}
	var it photos.WireItem
	for _, item := range p.E.Google.Items() {
		p.OK("GET", "/v1/mediaItems/"+item.ID, "", &it)
		for _, suffix := range []string{"=w100", "=dv", "=d"} {
			if r := p.Must("GET", it.BaseURL+suffix, emutest.Headers{"Authorization": ""}, ""); r.Status != 200 {
				t.Errorf("%s: %d", suffix, r.Status)
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
