package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (p *photosTest) message(method, path, body string) string {
	p.Helper()
	r := p.must(method, path, nil, body)
	var e struct{ Error wireError }
	if err := json.Unmarshal([]byte(r.body), &e); err != nil {
		p.Fatalf("%s %s: %v: %s", method, path, err, r.body)
	}
	return strconv.Itoa(r.status) + " " + e.Error.Status + " " + e.Error.Message
}

func TestBatchCreate(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	tokens := []string{p.raw(jpegOf(1)), p.raw([]byte("only text")), p.raw(movieOf(2, 0)), p.raw(jpegOf(1))}
	r := p.must("POST", "/v1/mediaItems:batchCreate?alt=json", nil, batchBody("", tokens...))
	if r.status != 200 || r.header.Get("Content-Type") != "application/json; charset=UTF-8" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var answer struct {
		Results []struct {
			UploadToken string
			Status      map[string]any
			MediaItem   map[string]any
		} `json:"newMediaItemResults"`
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		t.Fatal(err)
	}
	statuses := []map[string]any{
		{"message": "Success"},
		{"code": 3.0, "message": "Failed: There was an error while trying to create this media item."},
		{"message": "Success"},
		{"code": 6.0, "message": "EXISTS: There was an error while trying to create this media item."},
	}
	for i, res := range answer.Results {
		if res.UploadToken != tokens[i] {
			t.Errorf("result %d echoes another token", i)
		}
		if diff := cmp.Diff(statuses[i], res.Status); diff != "" {
			t.Errorf("status %d:\n%s", i, diff)
		}
		if hasItem := res.MediaItem != nil; hasItem != (statuses[i]["code"] == nil) {
			t.Errorf("result %d: media item %v", i, res.MediaItem)
		}
	}
	for _, i := range []int{0, 2} {
		if id, _ := answer.Results[i].MediaItem["id"].(string); !itemID.MatchString(id) || len(id) != 98 {
			t.Errorf("id %q", id)
		}
		delete(answer.Results[i].MediaItem, "id")
		delete(answer.Results[i].MediaItem, "productUrl")
	}
	want := map[string]any{
		"filename": "GX010002.JPG", "mimeType": "video/mp4",
		"mediaMetadata": map[string]any{
			"creationTime": "2026-01-21T10:02:00Z", "width": "3840", "height": "2160",
			"video": map[string]any{"fps": answer.Results[2].MediaItem["mediaMetadata"].(map[string]any)["video"].(map[string]any)["fps"], "status": "PROCESSING"},
		},
	}
	if diff := cmp.Diff(want, answer.Results[2].MediaItem); diff != "" {
		t.Errorf("video:\n%s", diff)
	}
	photo := answer.Results[0].MediaItem["mediaMetadata"].(map[string]any)
	if photo["creationTime"] != "2026-01-20T09:01:00Z" || photo["width"] != "96" || photo["photo"].(map[string]any)["cameraModel"] != "HERO13 Black" {
		t.Errorf("photo: %v", photo)
	}
}

func TestBatchCreateRefusesWhole(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{AlbumCapacity: 1, Clients: []OAuthClient{{ID: "a", Project: "1"}, {ID: "b", Project: "2"}}})
	token := p.raw(jpegOf(1))
	long := strings.Repeat("é", 256)
	item := func(fields string) string { return `{"newMediaItems":[{` + fields + `}]}` }
	simple := func(name string) string {
		return `"simpleMediaItem":{"uploadToken":"` + token + `","fileName":"` + name + `"}`
	}
	theirs := p.e.Google.PutAlbum("", "made in the app").ID
	var mine wireAlbum
	p.ok("POST", "/v1/albums", `{"album":{"title":"mine"}}`, &mine)
	p.create(mine.ID, p.raw(jpegOf(99)))
	cases := map[string]struct{ body, want string }{
		"none":            {`{}`, "Request must have at least one item."},
		"51":              {batchBody("", slices.Repeat([]string{token}, 51)...), "Request must have less than 50 items."},
		"long name":       {item(simple(long)), "File name must not have more than 255 characters."},
		"long text":       {item(`"description":"` + strings.Repeat("x", 1001) + `",` + simple("a.jpg")), "Description must not have more than 1000 characters."},
		"empty token":     {batchBody("", token, ""), "Request must contain a valid upload token."},
		"unknown token":   {batchBody("", token, "CAISno"), "Request must contain a valid upload token."},
		"no simple item":  {item(``), "Request must contain a valid upload token."},
		"their album":     {batchBody(theirs, token), "No permission to add media items to this album."},
		"full album":      {batchBody(mine.ID, token), "Album can not contain more than 1 media items."},
		"lone position":   {`{"albumPosition":{"position":"FIRST_IN_ALBUM"},"newMediaItems":[{` + simple("a") + `}]}`, "Request must contain an album id if an album position is set."},
		"unknown field":   {item(`"mediaItem":{}`), `Invalid JSON payload received. Unknown name "mediaItem" at 'new_media_items[0]': Cannot find field.`},
		"unknown at root": {`{"items":[]}`, `Invalid JSON payload received. Unknown name "items": Cannot find field.`},
		"letter case":     {`{"newmediaitems":[]}`, `Invalid JSON payload received. Unknown name "newmediaitems": Cannot find field.`},
		"an array":        {`[]`, `Invalid JSON payload received. Unknown name "": Root element must be a message.`},
	}
	for name, c := range cases {
		if got := p.message("POST", "/v1/mediaItems:batchCreate", c.body); got != "400 INVALID_ARGUMENT "+c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, body := range map[string]string{"broken": `{"newMediaItems":[`, "wrong type": `{"newMediaItems":7}`, "two values": `{} {}`} {
		if got := p.message("POST", "/v1/mediaItems:batchCreate", body); !strings.HasPrefix(got, "400 INVALID_ARGUMENT Invalid ") {
			t.Errorf("%s: %s", name, got)
		}
		p.e.Clock.Advance(time.Minute)
	}
	if got := p.message("POST", "/v1/mediaItems:batchCreate", batchBody("gone", token)); got != "404 NOT_FOUND The provided ID does not match any albums" {
		t.Error(got)
	}
	if n := len(p.e.Google.Items()); n != 1 {
		t.Errorf("%d items after refusals, want the first only", n)
	}
	// The refusals have spent nothing, fifty are fine, and so is null for unset.
	body := `{"albumId":null,"albumPosition":null,"newMediaItems":[{"description":null,` + simple("a.jpg") + `}]}`
	p.ok("POST", "/v1/mediaItems:batchCreate", body, nil)
	tokens := make([]string, 50)
	for i := range tokens {
		tokens[i] = p.raw(jpegOf(100 + i))
	}
	if results := p.create("", tokens...); len(results) != 50 || results[49].Status.Code != 0 {
		t.Errorf("a batch of fifty: %v", results)
	}
}

func TestStorageIsCheckedWhenCreating(t *testing.T) {
	a, b := jpegOf(1), jpegOf(2)
	p := newPhotosTest(t, GoogleOptions{Storage: int64(len(a) + len(b) - 1)})
	ta, tb := p.raw(a), p.raw(b)
	const full = "400 INVALID_ARGUMENT The remaining storage in the user's account is not enough to perform this operation."
	if got := p.message("POST", "/v1/mediaItems:batchCreate", batchBody("", ta, tb)); got != full {
		t.Error(got)
	}
	p.create("", ta)
	p.create("", p.raw(a)) // no new bytes, no new storage
	if got := p.message("POST", "/v1/mediaItems:batchCreate", batchBody("", tb)); got != full {
		t.Error(got)
	}
	p.e.Google.SetStorage(0)
	if res := p.create("", tb); res[0].Status.Code != 0 {
		t.Errorf("with room: %+v", res)
	}
}

func TestDeduplication(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	var first, second wireAlbum
	p.ok("POST", "/v1/albums", `{"album":{"title":"same"}}`, &first)
	p.ok("POST", "/v1/albums", `{"album":{"title":"same"}}`, &second)
	if first.ID == second.ID {
		t.Error("equal titles made one album")
	}
	id := p.create(first.ID, p.raw(jpegOf(1)))[0].MediaItem.ID
	token := p.raw(jpegOf(1))
	var answer createAnswer
	p.ok("POST", "/v1/mediaItems:batchCreate", `{"albumId":"`+second.ID+`","newMediaItems":[{"description":"other","simpleMediaItem":{"uploadToken":"`+token+`","fileName":"other.jpg"}}]}`, &answer)
	if got := answer.Results[0].MediaItem; got.ID != id || got.Filename != "GX010000.JPG" || got.Description != "" {
		t.Errorf("got %+v", got)
	}
	items := p.e.Google.Items()
	if len(items) != 1 || items[0].Tokens != 2 || len(items[0].Albums) != 2 {
		t.Errorf("items: %+v", items)
	}
	for _, id := range []string{first.ID, second.ID} {
		var got wireAlbum
		p.ok("GET", "/v1/albums/"+id, "", &got)
		if got.MediaItemsCount != 1 || !got.IsWriteable || got.CoverID != items[0].ID {
			t.Errorf("album: %+v", got)
		}
	}
}

func TestSpentTokens(t *testing.T) {
	for mode, want := range map[string]string{
		SpentAccepted: "200 0", SpentItem: "200 3", SpentRequest: "400 0",
	} {
		p := newPhotosTest(t, GoogleOptions{SpentTokens: mode})
		token := p.raw(jpegOf(1))
		first := p.create("", token)[0].MediaItem
		r := p.must("POST", "/v1/mediaItems:batchCreate", nil, batchBody("", token))
		var answer createAnswer
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
			t.Fatal(err)
		}
		code := 0
		if len(answer.Results) > 0 {
			code = answer.Results[0].Status.Code
		}
		if got := fmt.Sprint(r.status, code); got != want {
			t.Errorf("%q: got %s, want %s", mode, got, want)
		}
		if mode == SpentAccepted && answer.Results[0].MediaItem.ID != first.ID {
			t.Error("another item")
		}
	}
}

func TestItemFaultsAndPartialStatus(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{PartialStatus: 207})
	a, b := p.raw(jpegOf(1)), p.raw(jpegOf(2))
	p.e.Faults.Add(Fault{Route: "photos.batchCreate", Kind: FaultItemCode, Item: 1, Status: 13})
	r := p.must("POST", "/v1/mediaItems:batchCreate", nil, batchBody("", a, b))
	if r.status != 207 || !strings.Contains(r.body, `"code": 13`) || strings.Count(r.body, `"mediaItem"`) != 1 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if again := p.create("", b); again[0].Status.Code != 0 || len(p.e.Google.Items()) != 2 {
		t.Errorf("the item can not be created later: %+v", again)
	}
}

func TestItemsPutByOtherMeans(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	put, err := p.e.Google.Put("", "old.jpg", jpegOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.e.Google.Put("", "old.jpg", jpegOf(1)); err == nil {
		t.Error("put twice")
	}
	if _, err := p.e.Google.Put("", "a.txt", []byte("text")); err == nil {
		t.Error("put text")
	}
	if r := p.must("GET", "/v1/mediaItems/"+put.ID, nil, ""); r.status != 404 {
		t.Errorf("get: %d", r.status)
	}
	var album wireAlbum
	p.ok("POST", "/v1/albums", `{"album":{"title":"x"}}`, &album)
	if got := p.message("POST", "/v1/albums/"+album.ID+":batchAddMediaItems", `{"mediaItemIds":["`+put.ID+`"]}`); got != "400 INVALID_ARGUMENT Request contains an invalid media item id." {
		t.Error(got)
	}
	if got := p.create(album.ID, p.raw(jpegOf(1)))[0].MediaItem.ID; got != put.ID {
		t.Errorf("created %s, put %s", got, put.ID)
	}
	p.ok("GET", "/v1/albums/"+album.ID, "", &album)
	if album.MediaItemsCount != 1 {
		t.Errorf("album: %+v", album)
	}
}

func TestGetting(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	res := p.create("", p.raw(jpegOf(1)), p.raw(jpegOf(2)))
	a, b := res[0].MediaItem.ID, res[1].MediaItem.ID
	var one wireItem
	p.ok("GET", "/v1/mediaItems/"+a, "", &one)
	if one.ID != a || !strings.HasPrefix(one.BaseURL, "https://lh3.googleusercontent.com/lr/") {
		t.Errorf("got %+v", one)
	}
	if got := p.message("GET", "/v1/mediaItems/malformed", ""); got != "400 INVALID_ARGUMENT Invalid media item ID." {
		t.Error(got)
	}
	if got := p.message("GET", "/v1/mediaItems/"+strings.Repeat("x", 98), ""); got != "404 NOT_FOUND Requested entity was not found." {
		t.Error(got)
	}
	var many struct {
		Results []struct {
			MediaItem *wireItem
			Status    *wireStatus
		} `json:"mediaItemResults"`
	}
	p.ok("GET", "/v1/mediaItems:batchGet?mediaItemIds="+b+"&mediaItemIds=no&mediaItemIds="+a, "", &many)
	if len(many.Results) != 3 || many.Results[0].MediaItem.ID != b || many.Results[2].MediaItem.ID != a ||
		*many.Results[1].Status != (wireStatus{3, "Invalid media item ID."}) {
		t.Errorf("got %+v", many)
	}
	for query, want := range map[string]string{
		"":                                    "400 INVALID_ARGUMENT Request must contain at least one media item id.",
		"mediaItemIds=a&mediaItemIds=a":       "400 INVALID_ARGUMENT Request must not contain duplicated ids",
		strings.Repeat("mediaItemIds=a&", 51): "400 INVALID_ARGUMENT Request must have less than 50 items.",
		"ids=a":                               `400 INVALID_ARGUMENT Invalid JSON payload received. Unknown name "ids": Cannot bind query parameter. Field 'ids' could not be found in request message.`,
	} {
		if got := p.message("GET", "/v1/mediaItems:batchGet?"+query, ""); got != want {
			t.Errorf("%q: %s", query, got)
		}
	}
	if !p.e.Google.Drop(a) || p.e.Google.Drop(a) || p.must("GET", "/v1/mediaItems/"+a, nil, "").status != 404 {
		t.Error("the dropped item is still there")
	}
}

func TestDescription(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	path := "/v1/mediaItems/" + p.create("", p.raw(jpegOf(1)))[0].MediaItem.ID
	var got wireItem
	p.ok("PATCH", path+"?updateMask=description", `{"description":"by hand"}`, &got)
	if got.Description != "by hand" {
		t.Errorf("got %+v", got)
	}
	if r := p.must("PATCH", path+"?updateMask=filename", nil, `{}`); r.status != 400 {
		t.Errorf("filename: %d", r.status)
	}
}

func TestVideoProcessing(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{ProcessingTime: time.Hour})
	res := p.create("", p.raw(movieOf(1, 0)), p.raw(movieOf(2, 0)))
	a, b := res[0].MediaItem.ID, res[1].MediaItem.ID
	status := func(id string) string {
		var it wireItem
		p.ok("GET", "/v1/mediaItems/"+id, "", &it)
		if r := p.must("GET", it.BaseURL+"=dv", headers{"Authorization": ""}, ""); (r.status == 200) != (it.MediaMetadata.Video.Status == "READY") {
			t.Errorf("%s: =dv answers %d", it.MediaMetadata.Video.Status, r.status)
		}
		return it.MediaMetadata.Video.Status
	}
	if got := status(a); got != "PROCESSING" {
		t.Error(got)
	}
	p.e.Google.FailVideo(b)
	p.e.Clock.Advance(time.Hour)
	p.token = p.e.Google.Token("")
	if a, b := status(a), status(b); a != "READY" || b != "FAILED" {
		t.Error(a, b)
	}
}

func (p *photosTest) fill(n int) (ids []string) {
	p.Helper()
	for i := range n {
		it, _ := p.e.Google.library.put(&upload{caller: caller{user: defaultUser, project: projectNumber}, sum: [32]byte{byte(i), 1}, file: wholeFile(jpegOf(i))}, fmt.Sprintf("%d.jpg", i), "", p.e.Google.now())
		ids = append(ids, it.id)
	}
	slices.Reverse(ids) // as lists have them: newest first
	return ids
}

func wholeFile(data []byte) file { return file{size: int64(len(data)), head: data} }

// pagesOf reads a list to its end and returns the ids of each page.
func (p *photosTest) pagesOf(method, path string, size int) (pages [][]string) {
	p.Helper()
	token := ""
	for range 100 {
		var page itemPage
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
	var page itemPage
	p.ok("GET", "/v1/mediaItems?pageSize=2", "", &page)
	p.e.Google.Drop(ids[1]) // the row that the token stands at
	p.create("", p.raw(jpegOf(59)))
	var rest itemPage
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
	var album wireAlbum
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
		var page itemPage
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

func TestListDelay(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{ListDelay: time.Minute})
	id := p.create("", p.raw(jpegOf(1)))[0].MediaItem.ID
	p.ok("GET", "/v1/mediaItems/"+id, "", nil)
	if pages := p.pagesOf("GET", "/v1/mediaItems", 10); len(pages[0]) != 0 {
		t.Error("listed at once")
	}
	p.e.Clock.Advance(time.Minute)
	if pages := p.pagesOf("GET", "/v1/mediaItems", 10); len(pages[0]) != 1 {
		t.Error("never listed")
	}
}

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

func TestAccountCodesAreNotMixedUp(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	if got := p.message("POST", "/v1/mediaItems:batchCreate", batchBody("", "x")); got != "400 INVALID_ARGUMENT Request must contain a valid upload token." {
		t.Error(got)
	}
	if r := p.must("POST", "/v1/mediaItems:batchCreate", nil, strings.Repeat(" ", maxJSON+1)); r.status != http.StatusBadRequest {
		t.Errorf("a huge body: %d", r.status)
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
