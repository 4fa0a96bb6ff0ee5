package photos_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
)

func TestAlbumTitles(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	p.NewAlbum(strings.Repeat("é", 500))
	for body, want := range map[string]string{
		`{"album":{"title":"` + strings.Repeat("é", 501) + `"}}`: "Album title must not have more than 500 characters.",
		`{"album":{}}`:      "Request must contain an album title.",
		`{}`:                "Request must contain an album.",
		`{"title":"x"}`:     `Invalid JSON payload received. Unknown name "title": Cannot find field.`,
		`{"album":{"x":1}}`: `Invalid JSON payload received. Unknown name "x" at 'album': Cannot find field.`,
	} {
		if got := p.Message("POST", "/v1/albums", body); got != "400 INVALID_ARGUMENT "+want {
			t.Errorf("%s: %s", body, got)
		}
	}
}

func TestAlbumPositions(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	album := p.NewAlbum("x")
	create := func(seed int, position string) string {
		t.Helper()
		var answer photos.CreateAnswer
		p.OK("POST", "/v1/mediaItems:batchCreate", `{"albumId":"`+album+`",`+position+`"newMediaItems":[{"simpleMediaItem":{"uploadToken":"`+p.Raw(emutest.JPEGOf(seed))+`"}}]}`, &answer)
		return answer.Results[0].MediaItem.ID
	}
	a := create(1, "")
	b := create(2, "")
	c := create(3, `"albumPosition":{"position":"FIRST_IN_ALBUM"},`)
	d := create(4, `"albumPosition":{"position":"AFTER_MEDIA_ITEM","relativeMediaItemId":"`+a+`"},`)
	e := create(5, `"albumPosition":{"position":"LAST_IN_ALBUM"},`)
	if got := p.AlbumItems(album); !slices.Equal(got, []string{c, a, d, b, e}) {
		t.Errorf("order %v", got)
	}
	for _, position := range []string{
		`{"position":"AFTER_MEDIA_ITEM"}`, `{"position":"AFTER_MEDIA_ITEM","relativeMediaItemId":"x"}`,
		`{"position":"AFTER_ENRICHMENT_ITEM","relativeEnrichmentItemId":"x"}`, `{"position":"SOMEWHERE"}`,
	} {
		body := `{"albumId":"` + album + `","albumPosition":` + position + `,"newMediaItems":[{"simpleMediaItem":{"uploadToken":"` + p.Raw(emutest.JPEGOf(9)) + `"}}]}`
		if r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, body); r.Status != 400 {
			t.Errorf("%s: %d", position, r.Status)
		}
	}
}

func TestAlbumAddAndRemove(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AlbumCapacity: 2})
	album := p.NewAlbum("x")
	res := p.Create("", p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.JPEGOf(2)), p.Raw(emutest.JPEGOf(3)))
	a, b, c := res[0].MediaItem.ID, res[1].MediaItem.ID, res[2].MediaItem.ID
	ids := func(ids ...string) string { return string(google.EncodeJSON(map[string]any{"mediaItemIds": ids})) }
	if r := p.Must("POST", "/v1/albums/"+album+":batchAddMediaItems", nil, ids(a, b)); r.Status != 200 || r.Body != "{}\n" {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	theirs := p.E.Google.PutAlbum("", "theirs").ID
	for name, c := range map[string]struct{ method, body, want string }{
		"unknown item":  {album + ":batchAddMediaItems", ids(c, "x"), "400 INVALID_ARGUMENT Request contains an invalid media item id."},
		"twice":         {album + ":batchAddMediaItems", ids(c, c), "400 INVALID_ARGUMENT Request must not contain duplicated ids"},
		"full":          {album + ":batchAddMediaItems", ids(c), "400 INVALID_ARGUMENT Album can not contain more than 2 media items."},
		"none":          {album + ":batchAddMediaItems", ids(), "400 INVALID_ARGUMENT Request must contain at least one media item id."},
		"no album":      {"x:batchAddMediaItems", ids(c), "404 NOT_FOUND Requested entity was not found."},
		"their album":   {theirs + ":batchAddMediaItems", ids(c), "400 INVALID_ARGUMENT No permission to add media items to this album."},
		"not contained": {album + ":batchRemoveMediaItems", ids(a, c), "400 INVALID_ARGUMENT Request contains an invalid media item id."},
	} {
		if got := p.Message("POST", "/v1/albums/"+c.method, c.body); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := p.AlbumItems(album); !slices.Equal(got, []string{a, b}) {
		t.Errorf("refusals changed the album: %v", got)
	}
	p.OK("POST", "/v1/albums/"+album+":batchRemoveMediaItems", ids(a), nil)
	if got := p.AlbumItems(album); !slices.Equal(got, []string{b}) || len(p.E.Google.Items()) != 3 {
		t.Errorf("after removal: %v", got)
	}
}

func TestAlbumPatchAndVisibility(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	album := p.NewAlbum("x")
	res := p.Create(album, p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.JPEGOf(2)))
	var got photos.WireAlbum
	p.OK("PATCH", "/v1/albums/"+album+"?updateMask=title", `{"title":"y"}`, &got)
	for _, mask := range []string{"coverPhotoMediaItemId", "cover_photo_media_item_id"} {
		p.OK("PATCH", "/v1/albums/"+album+"?updateMask="+mask, `{"coverPhotoMediaItemId":"`+res[1].MediaItem.ID+`"}`, &got)
	}
	if got.Title != "y" || got.CoverID != res[1].MediaItem.ID || got.CoverBaseURL == "" || got.MediaItemsCount != 2 {
		t.Errorf("got %+v", got)
	}
	for mask, body := range map[string]string{"": `{}`, "title": `{}`, "isWriteable": `{}`, "coverPhotoMediaItemId": `{"coverPhotoMediaItemId":"x"}`} {
		if r := p.Must("PATCH", "/v1/albums/"+album+"?updateMask="+mask, nil, body); r.Status != 400 {
			t.Errorf("%q: %d", mask, r.Status)
		}
	}
	theirs := p.E.Google.PutAlbum("", "theirs").ID
	var list struct{ Albums []photos.WireAlbum }
	p.OK("GET", "/v1/albums?excludeNonAppCreatedData=true", "", &list)
	if len(list.Albums) != 1 || list.Albums[0].ID != album {
		t.Errorf("list: %+v", list)
	}
	for _, id := range []string{theirs, "unknown"} {
		if r := p.Must("GET", "/v1/albums/"+id, nil, ""); r.Status != 404 {
			t.Errorf("%s: %d", id, r.Status)
		}
	}
	if !p.E.Google.DropAlbum(album) || p.E.Google.DropAlbum(album) {
		t.Error("the album can not be dropped once")
	}
	if got := p.Message("POST", "/v1/mediaItems:batchCreate", emutest.BatchBody(album, p.Raw(emutest.JPEGOf(3)))); got != "404 NOT_FOUND The provided ID does not match any albums" {
		t.Error(got)
	}
}
