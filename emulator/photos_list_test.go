package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func (p *photosTest) fill(n int) (ids []string) {
	p.Helper()
	var tokens []string
	for i := range n {
		tokens = append(tokens, p.raw(jpegOf(i)))
	}
	for batch := range slices.Chunk(tokens, 50) {
		for _, result := range p.create("", batch...) {
			ids = append(ids, result.MediaItem.ID)
		}
	}
	slices.Reverse(ids) // as lists have them: newest first
	return ids
}

// pagesOf reads a list to its end and returns the ids of each page.
func (p *photosTest) pagesOf(method, path string, size int) (pages [][]string) {
	p.Helper()
	token := ""
	for range 100 {
		var page photos.ItemPage
		if method == "GET" {
			p.ok("GET", fmt.Sprintf("%s?pageSize=%d&pageToken=%s", path, size, token), "", &page)
		} else {
			p.ok("POST", path, fmt.Sprintf(`{"pageSize":%d,"pageToken":%q}`, size, token), &page)
		}
		ids := []string{}
		for _, it := range page.MediaItems {
			ids = append(ids, it.ID)
		}
		pages = append(pages, ids)
		if token = page.NextPageToken; token == "" {
			return pages
		}
	}
	p.Fatal("the list does not end")
	return nil
}

func TestPaging(t *testing.T) {
	cases := map[string]struct {
		o     GoogleOptions
		fault *Fault
		want  func(ids []string) [][]string
	}{
		"plain": {want: func(ids []string) [][]string { return [][]string{ids[:3], ids[3:6], ids[6:]} }},
		"short": {o: GoogleOptions{ShortPages: true}, want: func(ids []string) [][]string {
			return [][]string{ids[:1], ids[1:2], ids[2:3], ids[3:4], ids[4:5], ids[5:6], ids[6:]}
		}},
		"empty":    {o: GoogleOptions{EmptyPage: true}, want: func(ids []string) [][]string { return [][]string{ids[:3], {}, ids[3:6], ids[6:]} }},
		"boundary": {o: GoogleOptions{RepeatBoundary: true}, want: func(ids []string) [][]string { return [][]string{ids[:3], ids[2:5], ids[4:]} }},
		"short page fault": {fault: &Fault{Kind: FaultShortPage, Count: 2}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], ids[3:5], ids[5:]}
		}},
		"repeat fault": {fault: &Fault{Kind: FaultRepeatPage}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], ids[:3], ids[3:6], ids[6:]}
		}},
		"reorder fault": {fault: &Fault{Kind: FaultReorder}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], {ids[5], ids[4], ids[3]}, ids[6:]}
		}},
	}
	for name, c := range cases {
		for _, list := range [][2]string{{"GET", "/v1/mediaItems"}, {"POST", "/v1/mediaItems:search"}} {
			p := newPhotosTest(t, c.o)
			ids := p.fill(7)
			if c.fault != nil {
				c.fault.Route, c.fault.Call = "photos.*", 2
				p.e.Faults.Add(*c.fault)
			}
			if diff := cmp.Diff(c.want(ids), p.pagesOf(list[0], list[1], 3)); diff != "" {
				t.Errorf("%s, %s:\n%s", name, list[1], diff)
			}
		}
	}
}

func TestPagingStaysInPlace(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	ids := p.fill(4)
	var page photos.ItemPage
	p.ok("GET", "/v1/mediaItems?pageSize=2", "", &page)
	p.e.Google.Drop(ids[1]) // the row that the token stands at
	p.create("", p.raw(jpegOf(59)))
	var rest photos.ItemPage
	p.ok("GET", "/v1/mediaItems?pageSize=2&pageToken="+page.NextPageToken, "", &rest)
	if len(rest.MediaItems) != 2 || rest.MediaItems[0].ID != ids[2] || rest.NextPageToken != "" {
		t.Errorf("got %+v", rest)
	}
	const invalid = "400 INVALID_ARGUMENT Request contains an invalid page token."
	for name, path := range map[string]string{"corrupt": "/v1/mediaItems?pageToken=x", "of another list": "/v1/albums?pageToken=" + page.NextPageToken} {
		if got := p.message("GET", path, ""); got != invalid {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPageSizes(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	for path, most := range map[string]int{"/v1/mediaItems": 100, "/v1/albums": 50} {
		if got := p.message("GET", fmt.Sprintf("%s?pageSize=%d", path, most+1), ""); !strings.HasPrefix(got, "400 INVALID_ARGUMENT Page size") {
			t.Errorf("%s: %s", path, got)
		}
		if r := p.must("GET", fmt.Sprintf("%s?pageSize=%d", path, most), nil, ""); r.status != 200 || r.body != "{}\n" {
			t.Errorf("%s: %d %q", path, r.status, r.body)
		}
		if r := p.must("GET", path+"?pageSize=x", nil, ""); r.status != 400 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestSearch(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	var album photos.WireAlbum
	p.ok("POST", "/v1/albums", `{"album":{"title":"x"}}`, &album)
	photo := p.create(album.ID, p.raw(jpegOf(1)))[0].MediaItem.ID // 20 January
	video := p.create("", p.raw(movieOf(2, 0)))[0].MediaItem.ID   // 21 January
	cases := map[string][]string{
		`{}`:                             {video, photo},
		``:                               {video, photo},
		`{"albumId":"` + album.ID + `"}`: {photo},
		`{"filters":{"mediaTypeFilter":{"mediaTypes":["VIDEO"]}}}`:                                                                            {video},
		`{"filters":{"mediaTypeFilter":{"mediaTypes":["PHOTO"]}}}`:                                                                            {photo},
		`{"filters":{"mediaTypeFilter":{"mediaTypes":["ALL_MEDIA"]}}}`:                                                                        {video, photo},
		`{"filters":{"dateFilter":{"dates":[{"year":2026,"month":1,"day":21}]}}}`:                                                             {video},
		`{"filters":{"dateFilter":{"dates":[{"day":"20"}]}}}`:                                                                                 {photo},
		`{"filters":{"dateFilter":{"ranges":[{"startDate":{"year":2026,"month":1,"day":1},"endDate":{"year":2026,"month":1,"day":20}}]}}}`:    {photo},
		`{"filters":{"dateFilter":{"ranges":[{"startDate":{"year":2026},"endDate":{"year":2026}}]}},"orderBy":"MediaMetadata.creation_time"}`: {photo, video},
		`{"filters":{"featureFilter":{"includedFeatures":["FAVORITES"]}}}`:                                                                    {},
		`{"filters":{"contentFilter":{"includedContentCategories":["PETS"]}}}`:                                                                {},
	}
	for body, want := range cases {
		var page photos.ItemPage
		p.ok("POST", "/v1/mediaItems:search", body, &page)
		got := []string{}
		for _, it := range page.MediaItems {
			got = append(got, it.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d items, want %d", body, len(got), len(want))
		}
	}
	for body, want := range map[string]string{
		`{"albumId":"x","filters":{}}`:                           "Request must not have both filters and albumId set.",
		`{"orderBy":"MediaMetadata.creation_time"}`:              "Request must have a date filter to use order_by.",
		`{"orderBy":"name"}`:                                     `Invalid value for order_by: "name"`,
		`{"pageSize":101}`:                                       "Page size must be between 1 and 100.",
		`{"filters":{"mediaTypeFilter":{"mediaTypes":["GIF"]}}}`: `Invalid value at 'filters.media_type_filter.media_types[0]' (type.googleapis.com/google.photos.library.v1.MediaTypeFilter.MediaType), "GIF"`,
	} {
		if got := p.message("POST", "/v1/mediaItems:search", body); got != "400 INVALID_ARGUMENT "+want {
			t.Errorf("%s: %s", body, got)
		}
	}
	if got := p.message("POST", "/v1/mediaItems:search", `{"albumId":"x"}`); !strings.HasPrefix(got, "404 ") {
		t.Error(got)
	}
}
