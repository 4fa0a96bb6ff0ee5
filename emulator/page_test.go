package emulator

import (
	"net/http"
	"strings"
	"testing"
)

const controlRoot = "https://emulator.control"

func TestPageShowsTheLibrary(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	if r := p.must("GET", controlRoot+"/", nil, ""); r.status != 200 || !strings.Contains(r.body, "Nothing here yet") {
		t.Errorf("empty: %d %s", r.status, r.body)
	}
	res := p.create(p.newAlbum("<b>Alps & sea"), p.raw(jpegOf(1)), p.raw(movieOf(2, 1_500_000)))
	url := p.begin(4 * testGranule)
	p.send(url, "upload", 0, bytesOf(1, testGranule))
	r := p.must("GET", controlRoot+"/", nil, "")
	for _, text := range []string{
		"GX010000.JPG", "GX010001.JPG", "&lt;b&gt;Alps &amp; sea", "Tuesday, 20 January 2026", "Wednesday, 21 January 2026",
		"1.5 MB", "3840×2160", "processing", `value="25"`, "/thumbnail/" + res[0].MediaItem.ID, "<b>2</b><span>items",
	} {
		if !strings.Contains(r.body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	for _, text := range []string{"http://", "https://", "<b>Alps", url} {
		if strings.Contains(r.body, text) {
			t.Errorf("the page has %q", text)
		}
	}
	if policy := r.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	for _, it := range res {
		r := p.must("GET", controlRoot+"/thumbnail/"+it.MediaItem.ID, nil, "")
		if size := sizeOfJPEG(t, r.body); r.status != 200 || size != [2]int{360, 270} {
			t.Errorf("thumbnail: %d %v", r.status, size)
		}
	}
	if r := p.must("GET", controlRoot+"/thumbnail/x", nil, ""); r.status != http.StatusNotFound {
		t.Errorf("no thumbnail: %d", r.status)
	}
}
