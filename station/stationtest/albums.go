package stationtest

import (
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// relist lists a source with the albums of its items.
func relist(t *testing.T, s station.Source, known func(medium, revision string) bool) (items []media.Item) {
	t.Helper()
	r, ok := s.(station.Relister)
	if !ok {
		t.Fatal("a source with albums has to be a Relister")
	}
	for item, err := range r.Relist(t.Context(), station.ListOptions{Albums: true, Known: known}) {
		if err != nil {
			t.Fatalf("Relist: %v", err)
		}
		items = append(items, item)
	}
	return items
}

func titlesOf(item media.Item) (titles []string) {
	for _, a := range item.Albums {
		titles = append(titles, a.Title)
	}
	return titles
}

// testSourceAlbums lists the albums of all files: each has a title that can be one.
func testSourceAlbums(t *testing.T, h Source) {
	want := map[string][]string{}
	for _, f := range h.Library {
		want[f.Item.ID.Key()] = titlesOf(f.Item)
	}
	some := false
	for _, item := range relist(t, h.Open(t), nil) {
		got := titlesOf(item)
		some = some || len(got) > 0
		if !slices.Equal(got, want[item.ID.Key()]) {
			t.Errorf("%s is in the albums %q, want %q", item.ID.Key(), got, want[item.ID.Key()])
		}
		for _, a := range item.Albums {
			if title, err := media.AlbumTitle(a.Title); err != nil || title != a.Title {
				t.Errorf("an album has the title %q: %v", a.Title, err)
			}
		}
	}
	if !some {
		t.Error("no file of the library is in an album")
	}
}

// testJoined puts a medium that is known into a further album: it alone is listed
// again.
func testJoined(t *testing.T, h Source) {
	s := h.Open(t)
	revisions := map[string]string{}
	for _, item := range relist(t, s, nil) {
		revisions[item.ID.Medium] = item.Revision
	}
	knows := func(medium, revision string) bool { return revision != "" && revisions[medium] == revision }
	files := h.carriable()
	joined := files[max(slices.IndexFunc(files, func(f File) bool { return f.Item.Albums != nil && revisions[f.Item.ID.Medium] != "" }), 0)]
	h.Join(t, joined)
	listed := false
	for _, item := range relist(t, s, knows) {
		if item.ID.Medium != joined.Item.ID.Medium {
			if revisions[item.ID.Medium] != "" {
				t.Errorf("%s is listed although nothing about it has changed", item.ID.Key())
			}
			continue
		}
		listed = true
		if !slices.Contains(titlesOf(item), "Joined") {
			t.Errorf("%s is in the albums %q", item.ID.Key(), titlesOf(item))
		}
	}
	if !listed {
		t.Error("a medium in a further album is not listed")
	}
}
