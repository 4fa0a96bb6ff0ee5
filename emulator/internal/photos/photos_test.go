package photos_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func TestBatchCreate(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	tokens := []string{p.Raw(emutest.JPEGOf(1)), p.Raw([]byte("only text")), p.Raw(emutest.MovieOf(2, 0)), p.Raw(emutest.JPEGOf(1))}
	r := p.Must("POST", "/v1/mediaItems:batchCreate?alt=json", nil, emutest.BatchBody("", tokens...))
	if r.Status != 200 || r.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	var answer struct {
		Results []struct {
			UploadToken string
			Status      map[string]any
			MediaItem   map[string]any
		} `json:"newMediaItemResults"`
	}
	if err := json.Unmarshal([]byte(r.Body), &answer); err != nil {
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
		if id, _ := answer.Results[i].MediaItem["id"].(string); strings.Trim(id, emutest.IDAlphabet) != "" || len(id) != 98 {
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
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AlbumCapacity: 1, Clients: []emulator.OAuthClient{{ID: "a", Project: "1"}, {ID: "b", Project: "2"}}})
	token := p.Raw(emutest.JPEGOf(1))
	long := strings.Repeat("é", 256)
	item := func(fields string) string { return `{"newMediaItems":[{` + fields + `}]}` }
	simple := func(name string) string {
		return `"simpleMediaItem":{"uploadToken":"` + token + `","fileName":"` + name + `"}`
	}
	theirs := p.E.Google.PutAlbum("", "made in the app").ID
	var mine photos.WireAlbum
	p.OK("POST", "/v1/albums", `{"album":{"title":"mine"}}`, &mine)
	p.Create(mine.ID, p.Raw(emutest.JPEGOf(99)))
	cases := map[string]struct{ body, want string }{
		"none":            {`{}`, "Request must have at least one item."},
		"51":              {emutest.BatchBody("", slices.Repeat([]string{token}, 51)...), "Request must have less than 50 items."},
		"long name":       {item(simple(long)), "File name must not have more than 255 characters."},
		"long text":       {item(`"description":"` + strings.Repeat("x", 1001) + `",` + simple("a.jpg")), "Description must not have more than 1000 characters."},
		"empty token":     {emutest.BatchBody("", token, ""), "Request must contain a valid upload token."},
		"unknown token":   {emutest.BatchBody("", token, "CAISno"), "Request must contain a valid upload token."},
		"no simple item":  {item(``), "Request must contain a valid upload token."},
		"their album":     {emutest.BatchBody(theirs, token), "No permission to add media items to this album."},
		"full album":      {emutest.BatchBody(mine.ID, token), "Album can not contain more than 1 media items."},
		"lone position":   {`{"albumPosition":{"position":"FIRST_IN_ALBUM"},"newMediaItems":[{` + simple("a") + `}]}`, "Request must contain an album id if an album position is set."},
		"unknown field":   {item(`"mediaItem":{}`), `Invalid JSON payload received. Unknown name "mediaItem" at 'new_media_items[0]': Cannot find field.`},
		"unknown at root": {`{"items":[]}`, `Invalid JSON payload received. Unknown name "items": Cannot find field.`},
		"letter case":     {`{"newmediaitems":[]}`, `Invalid JSON payload received. Unknown name "newmediaitems": Cannot find field.`},
		"an array":        {`[]`, `Invalid JSON payload received. Unknown name "": Root element must be a message.`},
	}
	for name, c := range cases {
		if got := p.Message("POST", "/v1/mediaItems:batchCreate", c.body); got != "400 INVALID_ARGUMENT "+c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, body := range map[string]string{"broken": `{"newMediaItems":[`, "wrong type": `{"newMediaItems":7}`, "two values": `{} {}`} {
		if got := p.Message("POST", "/v1/mediaItems:batchCreate", body); !strings.HasPrefix(got, "400 INVALID_ARGUMENT Invalid ") {
			t.Errorf("%s: %s", name, got)
		}
		p.E.Clock.Advance(time.Minute)
	}
	if got := p.Message("POST", "/v1/mediaItems:batchCreate", emutest.BatchBody("gone", token)); got != "404 NOT_FOUND The provided ID does not match any albums" {
		t.Error(got)
	}
	if n := len(p.E.Google.Items()); n != 1 {
		t.Errorf("%d items after refusals, want the first only", n)
	}
	// The refusals have spent nothing, fifty are fine, and so is null for unset.
	body := `{"albumId":null,"albumPosition":null,"newMediaItems":[{"description":null,` + simple("a.jpg") + `}]}`
	p.OK("POST", "/v1/mediaItems:batchCreate", body, nil)
	tokens := make([]string, 50)
	for i := range tokens {
		tokens[i] = p.Raw(emutest.JPEGOf(100 + i))
	}
	if results := p.Create("", tokens...); len(results) != 50 || results[49].Status.Code != 0 {
		t.Errorf("a batch of fifty: %v", results)
	}
}

func TestStorageIsCheckedWhenCreating(t *testing.T) {
	a, b := emutest.JPEGOf(1), emutest.JPEGOf(2)
	p := emutest.NewPhotos(t, emulator.GoogleOptions{Storage: int64(len(a) + len(b) - 1)})
	ta, tb := p.Raw(a), p.Raw(b)
	const full = "400 INVALID_ARGUMENT The remaining storage in the user's account is not enough to perform this operation."
	if got := p.Message("POST", "/v1/mediaItems:batchCreate", emutest.BatchBody("", ta, tb)); got != full {
		t.Error(got)
	}
	p.Create("", ta)
	p.Create("", p.Raw(a)) // no new bytes, no new storage
	if got := p.Message("POST", "/v1/mediaItems:batchCreate", emutest.BatchBody("", tb)); got != full {
		t.Error(got)
	}
	p.E.Google.SetStorage(0)
	if res := p.Create("", tb); res[0].Status.Code != 0 {
		t.Errorf("with room: %+v", res)
	}
}

func TestDeduplication(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	var first, second photos.WireAlbum
	p.OK("POST", "/v1/albums", `{"album":{"title":"same"}}`, &first)
	p.OK("POST", "/v1/albums", `{"album":{"title":"same"}}`, &second)
	if first.ID == second.ID {
		t.Error("equal titles made one album")
	}
	id := p.Create(first.ID, p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
	token := p.Raw(emutest.JPEGOf(1))
	var answer photos.CreateAnswer
	p.OK("POST", "/v1/mediaItems:batchCreate", `{"albumId":"`+second.ID+`","newMediaItems":[{"description":"other","simpleMediaItem":{"uploadToken":"`+token+`","fileName":"other.jpg"}}]}`, &answer)
	if got := answer.Results[0].MediaItem; got.ID != id || got.Filename != "GX010000.JPG" || got.Description != "" {
		t.Errorf("got %+v", got)
	}
	items := p.E.Google.Items()
	if len(items) != 1 || items[0].Tokens != 2 || len(items[0].Albums) != 2 {
		t.Errorf("items: %+v", items)
	}
	for _, id := range []string{first.ID, second.ID} {
		var got photos.WireAlbum
		p.OK("GET", "/v1/albums/"+id, "", &got)
		if got.MediaItemsCount != 1 || !got.IsWriteable || got.CoverID != items[0].ID {
			t.Errorf("album: %+v", got)
		}
	}
}

func TestSpentTokens(t *testing.T) {
	for mode, want := range map[string]string{
		emulator.SpentAccepted: "200 0", emulator.SpentItem: "200 3", emulator.SpentRequest: "400 0",
	} {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{SpentTokens: mode})
		token := p.Raw(emutest.JPEGOf(1))
		first := p.Create("", token)[0].MediaItem
		r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", token))
		var answer photos.CreateAnswer
		if err := json.Unmarshal([]byte(r.Body), &answer); err != nil {
			t.Fatal(err)
		}
		code := 0
		if len(answer.Results) > 0 {
			code = answer.Results[0].Status.Code
		}
		if got := fmt.Sprint(r.Status, code); got != want {
			t.Errorf("%q: got %s, want %s", mode, got, want)
		}
		if mode == emulator.SpentAccepted && answer.Results[0].MediaItem.ID != first.ID {
			t.Error("another item")
		}
	}
}

func TestItemFaultsAndPartialStatus(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{PartialStatus: 207})
	a, b := p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.JPEGOf(2))
	p.E.Faults.Add(emulator.Fault{Route: "photos.batchCreate", Kind: emulator.FaultItemCode, Item: 1, Status: 13})
	r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", a, b))
	if r.Status != 207 || !strings.Contains(r.Body, `"code": 13`) || strings.Count(r.Body, `"mediaItem"`) != 1 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if again := p.Create("", b); again[0].Status.Code != 0 || len(p.E.Google.Items()) != 2 {
		t.Errorf("the item can not be created later: %+v", again)
	}
}

func TestItemsPutByOtherMeans(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	put, err := p.E.Google.Put("", "old.jpg", emutest.JPEGOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.E.Google.Put("", "old.jpg", emutest.JPEGOf(1)); err == nil {
		t.Error("put twice")
	}
	if _, err := p.E.Google.Put("", "a.txt", []byte("text")); err == nil {
		t.Error("put text")
	}
	if r := p.Must("GET", "/v1/mediaItems/"+put.ID, nil, ""); r.Status != 404 {
		t.Errorf("get: %d", r.Status)
	}
	var album photos.WireAlbum
	p.OK("POST", "/v1/albums", `{"album":{"title":"x"}}`, &album)
	if got := p.Message("POST", "/v1/albums/"+album.ID+":batchAddMediaItems", `{"mediaItemIds":["`+put.ID+`"]}`); got != "400 INVALID_ARGUMENT Request contains an invalid media item id." {
		t.Error(got)
	}
	if got := p.Create(album.ID, p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID; got != put.ID {
		t.Errorf("created %s, put %s", got, put.ID)
	}
	p.OK("GET", "/v1/albums/"+album.ID, "", &album)
	if album.MediaItemsCount != 1 {
		t.Errorf("album: %+v", album)
	}
}

func TestGetting(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	res := p.Create("", p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.JPEGOf(2)))
	a, b := res[0].MediaItem.ID, res[1].MediaItem.ID
	var one photos.WireItem
	p.OK("GET", "/v1/mediaItems/"+a, "", &one)
	if one.ID != a || !strings.HasPrefix(one.BaseURL, "https://lh3.googleusercontent.com/lr/") {
		t.Errorf("got %+v", one)
	}
	if got := p.Message("GET", "/v1/mediaItems/malformed", ""); got != "400 INVALID_ARGUMENT Invalid media item ID." {
		t.Error(got)
	}
	if got := p.Message("GET", "/v1/mediaItems/"+strings.Repeat("x", 98), ""); got != "404 NOT_FOUND Requested entity was not found." {
		t.Error(got)
	}
	var many struct {
		Results []struct {
			MediaItem *photos.WireItem
			Status    *google.WireStatus
		} `json:"mediaItemResults"`
	}
	p.OK("GET", "/v1/mediaItems:batchGet?mediaItemIds="+b+"&mediaItemIds=no&mediaItemIds="+a, "", &many)
	if len(many.Results) != 3 || many.Results[0].MediaItem.ID != b || many.Results[2].MediaItem.ID != a ||
		*many.Results[1].Status != (google.WireStatus{Code: 3, Message: "Invalid media item ID."}) {
		t.Errorf("got %+v", many)
	}
	p.E.Faults.Add(emulator.Fault{Route: "photos.batchGet", Kind: emulator.FaultReorder}, emulator.Fault{Route: "photos.batchGet", Kind: emulator.FaultShortPage, Count: 1},
		emulator.Fault{Route: "photos.batchGet", Kind: emulator.FaultItemCode, Item: 1, Status: 14})
	for _, want := range []string{a + b, b, b + "code 14"} {
		many.Results = nil
		p.OK("GET", "/v1/mediaItems:batchGet?mediaItemIds="+b+"&mediaItemIds="+a, "", &many)
		got := ""
		for _, r := range many.Results {
			if r.Status != nil {
				got += fmt.Sprint("code ", r.Status.Code)
				continue
			}
			got += r.MediaItem.ID
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for query, want := range map[string]string{
		"":                                    "400 INVALID_ARGUMENT Request must contain at least one media item id.",
		"mediaItemIds=a&mediaItemIds=a":       "400 INVALID_ARGUMENT Request must not contain duplicated ids",
		strings.Repeat("mediaItemIds=a&", 51): "400 INVALID_ARGUMENT Request must have less than 50 items.",
		"ids=a":                               `400 INVALID_ARGUMENT Invalid JSON payload received. Unknown name "ids": Cannot bind query parameter. Field 'ids' could not be found in request message.`,
	} {
		if got := p.Message("GET", "/v1/mediaItems:batchGet?"+query, ""); got != want {
			t.Errorf("%q: %s", query, got)
		}
	}
	if !p.E.Google.Drop(a) || p.E.Google.Drop(a) || p.Must("GET", "/v1/mediaItems/"+a, nil, "").Status != 404 {
		t.Error("the dropped item is still there")
	}
}

func TestDescription(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	path := "/v1/mediaItems/" + p.Create("", p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
	var got photos.WireItem
	p.OK("PATCH", path+"?updateMask=description", `{"description":"by hand"}`, &got)
	if got.Description != "by hand" {
		t.Errorf("got %+v", got)
	}
	if r := p.Must("PATCH", path+"?updateMask=filename", nil, `{}`); r.Status != 400 {
		t.Errorf("filename: %d", r.Status)
	}
}

func TestVideoProcessing(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{ProcessingTime: time.Hour})
	res := p.Create("", p.Raw(emutest.MovieOf(1, 0)), p.Raw(emutest.MovieOf(2, 0)))
	a, b := res[0].MediaItem.ID, res[1].MediaItem.ID
	status := func(id string) string {
		var it photos.WireItem
		p.OK("GET", "/v1/mediaItems/"+id, "", &it)
		if r := p.Must("GET", it.BaseURL+"=dv", emutest.Headers{"Authorization": ""}, ""); (r.Status == 200) != (it.MediaMetadata.Video.Status == "READY") {
			t.Errorf("%s: =dv answers %d", it.MediaMetadata.Video.Status, r.Status)
		}
		return it.MediaMetadata.Video.Status
	}
	if got := status(a); got != "PROCESSING" {
		t.Error(got)
	}
	p.E.Google.FailVideo(b)
	p.E.Clock.Advance(time.Hour)
	p.Token = p.E.Google.Token("")
	if a, b := status(a), status(b); a != "READY" || b != "FAILED" {
		t.Error(a, b)
	}
}

func TestListDelay(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{ListDelay: time.Minute})
	id := p.Create("", p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
	p.OK("GET", "/v1/mediaItems/"+id, "", nil)
	if pages := p.PagesOf("GET", "/v1/mediaItems", 10); len(pages[0]) != 0 {
		t.Error("listed at once")
	}
	p.E.Clock.Advance(time.Minute)
	if pages := p.PagesOf("GET", "/v1/mediaItems", 10); len(pages[0]) != 1 {
		t.Error("never listed")
	}
}

// TestAlbumListDelay: an album is listed late, and two may have one title.
func TestAlbumListDelay(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AlbumListDelay: time.Minute})
	for range 2 {
		p.OK("POST", "/v1/albums", `{"album":{"title":"Trip"}}`, nil)
	}
	listed := func() int {
		var answer struct{ Albums []struct{ Title string } }
		p.OK("GET", "/v1/albums", "", &answer)
		return len(answer.Albums)
	}
	if n := listed(); n != 0 {
		t.Errorf("%d albums listed at once", n)
	}
	p.E.Clock.Advance(time.Minute)
	if n := listed(); n != 2 {
		t.Errorf("%d albums listed later, want 2", n)
	}
}

func TestAccountCodesAreNotMixedUp(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	if got := p.Message("POST", "/v1/mediaItems:batchCreate", emutest.BatchBody("", "x")); got != "400 INVALID_ARGUMENT Request must contain a valid upload token." {
		t.Error(got)
	}
	if r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, strings.Repeat(" ", 10<<20+1)); r.Status != http.StatusBadRequest {
		t.Errorf("a huge body: %d", r.Status)
	}
}
