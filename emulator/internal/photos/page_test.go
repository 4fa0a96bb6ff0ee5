package photos_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
)

func TestPageShowsTheLibrary(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	if r := p.Must("GET", emutest.ControlRoot+"/", nil, ""); r.Status != 200 || !strings.Contains(r.Body, "Nothing here yet") {
		t.Errorf("empty: %d %s", r.Status, r.Body)
	}
	res := p.Create(p.NewAlbum("<b>Alps & sea"), p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.MovieOf(2, 1_500_000)))
	url := p.Begin(4 * emutest.Granule)
	p.Send(url, "upload", 0, emutest.BytesOf(1, emutest.Granule))
	r := p.Must("GET", emutest.ControlRoot+"/", nil, "")
	for _, text := range []string{
		"GX010000.JPG", "GX010001.JPG", "&lt;b&gt;Alps &amp; sea", "Tuesday, 20 January 2026", "Wednesday, 21 January 2026",
		"1.5 MB", "3840×2160", "processing", `value="25"`, "/thumbnail/" + res[0].MediaItem.ID, "<b>2</b><span>items",
	} {
		if !strings.Contains(r.Body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	for _, text := range []string{"http://", "https://", "<b>Alps", url} {
		if strings.Contains(r.Body, text) {
			t.Errorf("the page has %q", text)
		}
	}
	if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	for _, it := range res {
		r := p.Must("GET", emutest.ControlRoot+"/thumbnail/"+it.MediaItem.ID, nil, "")
		if size := sizeOfJPEG(t, r.Body); r.Status != 200 || size != [2]int{360, 270} {
			t.Errorf("thumbnail: %d %v", r.Status, size)
		}
	}
	if r := p.Must("GET", emutest.ControlRoot+"/thumbnail/x", nil, ""); r.Status != http.StatusNotFound {
		t.Errorf("no thumbnail: %d", r.Status)
	}
}
