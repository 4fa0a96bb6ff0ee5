package photos_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func TestPaging(t *testing.T) {
	cases := map[string]struct {
		o     emulator.GoogleOptions
		fault *emulator.Fault
		want  func(ids []string) [][]string
	}{
		"plain": {want: func(ids []string) [][]string { return [][]string{ids[:3], ids[3:6], ids[6:]} }},
		"short": {o: emulator.GoogleOptions{ShortPages: true}, want: func(ids []string) [][]string {
			return [][]string{ids[:1], ids[1:2], ids[2:3], ids[3:4], ids[4:5], ids[5:6], ids[6:]}
		}},
		"empty":    {o: emulator.GoogleOptions{EmptyPage: true}, want: func(ids []string) [][]string { return [][]string{ids[:3], {}, ids[3:6], ids[6:]} }},
		"boundary": {o: emulator.GoogleOptions{RepeatBoundary: true}, want: func(ids []string) [][]string { return [][]string{ids[:3], ids[2:5], ids[4:]} }},
		"short page fault": {fault: &emulator.Fault{Kind: emulator.FaultShortPage, Count: 2}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], ids[3:5], ids[5:]}
		}},
		"repeat fault": {fault: &emulator.Fault{Kind: emulator.FaultRepeatPage}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], ids[:3], ids[3:6], ids[6:]}
		}},
		"reorder fault": {fault: &emulator.Fault{Kind: emulator.FaultReorder}, want: func(ids []string) [][]string {
			return [][]string{ids[:3], {ids[5], ids[4], ids[3]}, ids[6:]}
		}},
	}
	for name, c := range cases {
		for _, list := range [][2]string{{"GET", "/v1/mediaItems"}, {"POST", "/v1/mediaItems:search"}} {
			p := emutest.NewPhotos(t, c.o)
			ids := p.Fill(7)
			if c.fault != nil {
				c.fault.Route, c.fault.Call = "photos.*", 2
				p.E.Faults.Add(*c.fault)
			}
			if diff := cmp.Diff(c.want(ids), p.PagesOf(list[0], list[1], 3)); diff != "" {
				t.Errorf("%s, %s:\n%s", name, list[1], diff)
			}
		}
	}
}

func TestPagingStaysInPlace(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	ids := p.Fill(4)
	var page photos.ItemPage
	p.OK("GET", "/v1/mediaItems?pageSize=2", "", &page)
	p.E.Google.Drop(ids[1]) // the row that the token stands at
	p.Create("", p.Raw(emutest.JPEGOf(59)))
	var rest photos.ItemPage
	p.OK("GET", "/v1/mediaItems?pageSize=2&pageToken="+page.NextPageToken, "", &rest)
	if len(rest.MediaItems) != 2 || rest.MediaItems[0].ID != ids[2] || rest.NextPageToken != "" {
		t.Errorf("got %+v", rest)
	}
	const invalid = "400 INVALID_ARGUMENT Request contains an invalid page token."
	for name, path := range map[string]string{"corrupt": "/v1/mediaItems?pageToken=x", "of another list": "/v1/albums?pageToken=" + page.NextPageToken} {
		if got := p.Message("GET", path, ""); got != invalid {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPageSizes(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	for path, most := range map[string]int{"/v1/mediaItems": 100, "/v1/albums": 50} {
		if got := p.Message("GET", fmt.Sprintf("%s?pageSize=%d", path, most+1), ""); !strings.HasPrefix(got, "400 INVALID_ARGUMENT Page size") {
			t.Errorf("%s: %s", path, got)
		}
		if r := p.Must("GET", fmt.Sprintf("%s?pageSize=%d", path, most), nil, ""); r.Status != 200 || r.Body != "{}\n" {
			t.Errorf("%s: %d %q", path, r.Status, r.Body)
		}
		if r := p.Must("GET", path+"?pageSize=x", nil, ""); r.Status != 400 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}

func TestSearch(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	var album photos.WireAlbum
	p.OK("POST", "/v1/albums", `{"album":{"title":"x"}}`, &album)
	photo := p.Create(album.ID, p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID // 20 January
	video := p.Create("", p.Raw(emutest.MovieOf(2, 0)))[0].MediaItem.ID   // 21 January
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
		p.OK("POST", "/v1/mediaItems:search", body, &page)
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
		if got := p.Message("POST", "/v1/mediaItems:search", body); got != "400 INVALID_ARGUMENT "+want {
			t.Errorf("%s: %s", body, got)
		}
	}
	if got := p.Message("POST", "/v1/mediaItems:search", `{"albumId":"x"}`); !strings.HasPrefix(got, "404 ") {
		t.Error(got)
	}
}
