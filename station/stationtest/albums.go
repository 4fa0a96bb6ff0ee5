package stationtest

import (
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/fault"
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
	for item, err := range r.Relist(t.Context(), station.ListOptions{Album: func(media.Album) {}, Known: known}) {
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

// filing is a destination whose albums a test fills.
type filing struct {
	h     Destination
	filer station.Filer
}

// newFiling opens the destination, or skips the test.
func newFiling(t *testing.T, h Destination) (filing, station.Destination) {
	t.Helper()
	d := h.Open(t)
	filer, ok := d.(station.Filer)
	if !ok {
		t.Skip("no Filer")
	}
	return filing{h, filer}, d
}

func (f filing) album(t *testing.T, title string) string {
	t.Helper()
	id, err := f.filer.Album(t.Context(), title)
	if err != nil {
		t.Fatalf("album %q: %v", title, err)
	}
	return id
}

// add puts members into an album, which must work but for those of bad ids.
func (f filing) add(t *testing.T, album string, members []station.Member, bad ...string) {
	t.Helper()
	errs, err := f.filer.AddToAlbum(t.Context(), album, members)
	if err != nil || len(errs) != len(members) {
		t.Fatalf("AddToAlbum: %d results, %v", len(errs), err)
	}
	for i, m := range members {
		switch isBad := slices.Contains(bad, m.ID); {
		case isBad && fault.ClassOf(errs[i]) != fault.Item || isBad && errs[i] == nil:
			t.Errorf("%q is no item and was added: %v", m.ID, errs[i])
		case !isBad && errs[i] != nil:
			t.Errorf("%s: %v", m.Item.Name, errs[i])
		}
	}
}

// want compares the albums of what is held.
func (f filing) want(t *testing.T, albums map[string][]string) {
	t.Helper()
	for _, it := range f.h.Held(t) {
		got := slices.Sorted(slices.Values(it.Albums))
		if !slices.Equal(got, albums[it.ID]) {
			t.Errorf("%s is in the albums %q, want %q", it.Name, got, albums[it.ID])
		}
	}
}

// members creates items without an album.
func members(t *testing.T, h Destination, d station.Destination, n int) (all []station.Member) {
	t.Helper()
	var files []carried
	for i := range n {
		files = append(files, carry(t, d, h.File(i, h.Least)))
	}
	for i, id := range mustCreate(t, d, files...) {
		all = append(all, station.Member{ID: id, Item: files[i].Item})
	}
	return all
}

// testFiled puts items that are there into albums, again and again.
func testFiled(t *testing.T, h Destination) {
	f, d := newFiling(t, h)
	all := members(t, h, d, 3)
	summer, winter := f.album(t, "Summer"), f.album(t, "Winter")
	f.add(t, summer, all)
	f.add(t, winter, all[:1])
	want := map[string][]string{all[0].ID: {"Summer", "Winter"}, all[1].ID: {"Summer"}, all[2].ID: {"Summer"}}
	f.want(t, want)
	for range 2 {
		f.add(t, summer, all)
		f.add(t, winter, all[:1])
	}
	f.want(t, want)
	ctx, _ := cancelled(t)
	_, err := f.filer.AddToAlbum(ctx, winter, all[1:2])
	wantStopped(t, "AddToAlbum", err)
	f.want(t, want)
}

// testFiledSpoiled names an item that is not there among others that are.
func testFiledSpoiled(t *testing.T, h Destination) {
	f, d := newFiling(t, h)
	all := members(t, h, d, 5)
	summer := f.album(t, "Summer")
	want := map[string][]string{}
	for _, m := range all {
		want[m.ID] = []string{"Summer"}
	}
	f.add(t, summer, slices.Insert(all, 3, station.Member{ID: "unknown", Item: h.File(9, h.Least).Item}), "unknown")
	f.want(t, want)
}

// testRenamed gives an album another title: it is the same album.
func testRenamed(t *testing.T, h Destination) {
	f, d := newFiling(t, h)
	all := members(t, h, d, 3)
	album := f.album(t, "Summer")
	f.add(t, album, all[:2])
	for range 2 {
		if err := f.filer.RenameAlbum(t.Context(), album, "Autumn / Winter"); err != nil {
			t.Fatal(err)
		}
	}
	f.add(t, album, all[1:])
	want := map[string][]string{}
	for _, m := range all {
		want[m.ID] = []string{h.title("Autumn / Winter")}
	}
	f.want(t, want)
	if summer := f.album(t, "Summer"); summer == album {
		t.Error("an album that was renamed is found by its former title")
	}
}

// title returns a title as what is held shows it.
func (h Destination) title(title string) string {
	if h.Title != nil {
		return h.Title(title)
	}
	return title
}
