package emulator

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestBaseURL(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{ProcessingTime: -1})
	photo, video := jpegOf(1), movieOf(2, 0)
	res := p.create("", p.raw(photo), p.raw(video))
	address := func(i int) string {
		var it wireItem
		p.ok("GET", "/v1/mediaItems/"+res[i].MediaItem.ID, "", &it)
		return it.BaseURL
	}
	get := func(url string) reply { return p.must("GET", url, headers{"Authorization": ""}, "") }

	download := get(address(0) + "=d")
	var before, after mediaInfo
	before.readExif(photo)
	after.readExif([]byte(download.body))
	if download.status != 200 || before.taken != after.taken || after.model != "HERO13 Black" || len(download.body) != len(photo) {
		t.Errorf("=d: %d, %+v", download.status, after)
	}
	if hasPlace(t, photo) != true || hasPlace(t, []byte(download.body)) {
		t.Error("=d has the place, or the original has none")
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
		info, ok := inspect(wholeFile([]byte(r.body)))
		if !ok || info.mime != "image/jpeg" || [2]int{info.width, info.height} != want {
			t.Errorf("%s: %d %+v", suffix, r.status, info)
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
	var it wireItem
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
	l := p.e.Google.library
	if l.held > 12<<20 || len(l.holding) == 4 {
		t.Errorf("%d bytes of %d items are held", l.held, len(l.holding))
	}
	var it wireItem
	for _, item := range p.e.Google.Items() {
		p.ok("GET", "/v1/mediaItems/"+item.ID, "", &it)
		for _, suffix := range []string{"=w100", "=dv", "=d"} {
			if r := p.must("GET", it.BaseURL+suffix, headers{"Authorization": ""}, ""); r.status != 200 {
				t.Errorf("%s: %d", suffix, r.status)
			}
		}
	}
}

func TestInspectRecognizesBytes(t *testing.T) {
	heic := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x14ispe\x00\x00\x00\x00"), 0, 0, 0x0f, 0xc0, 0, 0, 0x0b, 0xd0)
	cases := map[string]struct {
		data []byte
		mime string
	}{
		"jpeg":  {jpegOf(1), "image/jpeg"},
		"mp4":   {movieOf(1, 0), "video/mp4"},
		"png":   {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png"},
		"gif":   {[]byte("GIF89a\x01\x00\x01\x00"), "image/gif"},
		"heic":  {heic, "image/heic"},
		"webp":  {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "image/webp"},
		"tiff":  {[]byte("II*\x00\x08\x00\x00\x00"), "image/tiff"},
		"mov":   {[]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), "video/quicktime"},
		"avi":   {[]byte("RIFF\x00\x00\x00\x00AVI LIST\x00\x00\x00\x00hdrl"), "video/x-msvideo"},
		"text":  {[]byte("hello"), ""},
		"xml":   {[]byte(`<?xml version="1.0"?><x:xmpmeta/>`), ""},
		"svg":   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		"zip":   {[]byte("PK\x03\x04"), ""},
		"noise": {bytes.Repeat([]byte{0x93, 0x01, 0xfe}, 100), ""},
	}
	for name, c := range cases {
		info, ok := inspect(wholeFile(c.data))
		if ok != (c.mime != "") || info.mime != c.mime {
			t.Errorf("%s: %q %v", name, info.mime, ok)
		}
		if name == "heic" && (info.width != 4032 || info.height != 3024) {
			t.Errorf("heic: %dx%d", info.width, info.height)
		}
	}
}
