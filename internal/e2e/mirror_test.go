package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// albums returns the media in the albums of the library, by title. The suffix that
// tells albums of one title apart is "(…)".
func (l *line) albums() map[string][]string {
	l.T.Helper()
	media, items := map[string]string{}, map[string]string{}
	for _, x := range l.Cloud.GoPro.Expected() {
		media[x.SHA256] = x.Medium
	}
	for _, it := range l.Cloud.Google.Items() {
		items[it.ID] = media[it.SHA256]
	}
	all := map[string][]string{}
	for _, a := range l.Cloud.Google.Albums() {
		title := a.Title
		if at := strings.LastIndex(title, "("); at > 0 && len(title)-at == len("(abcdef)") {
			title = title[:at] + "(…)"
		}
		if _, twice := all[title]; twice {
			l.T.Errorf("there are two albums %q", title)
		}
		all[title] = []string{}
		for _, id := range a.Items {
			all[title] = append(all[title], items[id])
		}
		slices.Sort(all[title])
	}
	return all
}

func (l *line) wantAlbums(want map[string][]string) {
	l.T.Helper()
	got := l.albums()
	for _, title := range slices.Sorted(maps.Keys(want)) {
		if media := slices.Sorted(slices.Values(want[title])); !slices.Equal(got[title], media) {
			l.T.Errorf("the album %q has %v, want %v", title, got[title], media)
		}
	}
	if len(got) != len(want) {
		l.T.Errorf("albums %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// bytesOf returns the bytes of the original of a medium.
func (l *line) bytesOf(m emulator.Medium) []byte {
	l.T.Helper()
	content := l.Cloud.GoPro.Original(m.ID, 1)
	data, err := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		l.T.Fatal(err)
	}
	return data
}

// albumWrites returns how many requests changed albums or created items since the
// log was cleared, and clears it.
func (l *line) albumWrites() int {
	n := l.Cloud.Log.Count("albums.add") + l.Cloud.Log.Count("albums.create") + l.Cloud.Log.Count("albums.patch") + l.Cloud.Log.Count("photos.create")
	l.Cloud.Log.Clear()
	return n
}

func ids(library emulator.Library, from, to int) (all []string) {
	for _, m := range library[from:to] {
		all = append(all, m.ID)
	}
	return all
}

// TestMirroredAlbums carries a library with its albums, again when nothing is new,
// and when albums have got media, another title, and company.
func TestMirroredAlbums(t *testing.T) {
	t.Parallel()
	library := emulator.Many(12, 31)
	l := newLine(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: []emulator.GoProAlbum{
		{Title: "Alps / day 1", Media: ids(library, 0, 3)}, {Title: "Summer", Media: ids(library, 2, 6)}, {Title: "Empty"},
		{Title: "Summer", Media: ids(library, 5, 8)}, {Title: " ", Media: ids(library, 8, 9)},
	}}})
	want := map[string][]string{
		"Alps / day 1": ids(library, 0, 3), "Summer": ids(library, 2, 6), "Summer (…)": ids(library, 5, 8), "Untitled": ids(library, 8, 9),
	}
	sync := func() {
		t.Helper()
		if s, r := l.Sync("--albums", "mirror"); r.Code != 0 || s.Items.Failed+s.Items.Pending > 0 {
			t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
		}
		l.wantAlbums(want)
	}
	sync()
	l.WantArrived()
	l.albumWrites()
	sync()
	if n := l.albumWrites(); n != 0 {
		t.Errorf("%d writes where nothing is new", n)
	}

	collections := l.Cloud.Google.Albums()
	alps := "5d0c6b1f-4e7a-4b2c-9d3e-000000000001"
	if !l.Cloud.GoPro.RenameAlbum(alps, "Winter") || !l.Cloud.GoPro.AddToAlbum(alps, library[11].ID) {
		t.Fatal("there is no album to rename")
	}
	l.Cloud.GoPro.PutAlbum(emulator.GoProAlbum{Title: "Alps / day 1", Media: ids(library, 9, 10)})
	want["Winter"], want["Alps / day 1"] = append(want["Alps / day 1"], library[11].ID), ids(library, 9, 10)
	sync()
	if n := l.albumWrites(); n != 4 {
		t.Errorf("%d writes, want a title, an album and two additions", n)
	}
	if now := l.Cloud.Google.Albums(); now[0].ID != collections[0].ID {
		t.Error("another album took the place of the one that was renamed")
	}
}

// TestAlbumsOfItemsThatAreThere are filled by a later session.
func TestAlbumsOfItemsThatAreThere(t *testing.T) {
	t.Parallel()
	library := emulator.Many(110, 32)
	l := newLine(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: []emulator.GoProAlbum{{Title: "Alps", Media: ids(library, 0, 105)}}}})
	l.SyncUntilDone(1)
	l.albumWrites()
	for _, args := range [][]string{{"--albums", "mirror"}, {"--album", "All of {year}"}} {
		s, r := l.Sync(args...)
		if r.Code != 0 || s.Items.AlreadyThere != 110 || s.Bytes.Uploaded != 0 {
			t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
		}
		if n := l.albumWrites(); n != 4 {
			t.Errorf("%v: %d writes, want an album and three additions of at most 50", args, n)
		}
	}
	l.wantAlbums(map[string][]string{"Alps": ids(library, 0, 105), "All of 2025": ids(library, 0, 110)})
}

// TestMirrorIsKilledAgainAndAgain, at moments that differ.
func TestMirrorIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	library := emulator.Many(130, 33)
	l := newLine(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: []emulator.GoProAlbum{
		{Title: "Odd", Media: ids(library, 0, 70)}, {Title: "Even", Media: ids(library, 40, 130)}, {Title: "All", Media: ids(library, 0, 130)},
	}}})
	calls := func() int { return l.Cloud.Log.Count("albums.add") + l.Cloud.Log.Count("photos.create") }
	for n := 1; n <= 8; n++ {
		l.KillWhen(func() bool { return calls() >= n }, "--albums", "mirror")
	}
	l.SyncUntilDone(1, "--albums", "mirror")
	l.WantArrived()
	l.wantAlbums(map[string][]string{"Odd": ids(library, 0, 70), "Even": ids(library, 40, 130), "All": ids(library, 0, 130)})
}

// TestItemThatNoAlbumTakes: the account had it from elsewhere, so that it can be
// created in one album, but not be put into another one. It is named, again in each
// run.
func TestItemThatNoAlbumTakes(t *testing.T) {
	t.Parallel()
	library := emulator.Many(4, 34)
	l := newLine(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: []emulator.GoProAlbum{
		{Title: "First", Media: ids(library, 0, 4)}, {Title: "Second", Media: ids(library, 0, 4)},
	}}})
	if _, err := l.Cloud.Google.Put("", "IMG.JPG", l.bytesOf(library[2])); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, r := l.Sync("--albums", "mirror")
		if r.Code != 3 || s.Items.Created != 3 || s.Items.Failed != 1 || !strings.Contains(r.Stdout+r.Stderr, "Second") {
			t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
		}
	}
	second := append(ids(library, 0, 2), library[3].ID)
	if got := l.albums()["Second"]; !slices.Equal(got, slices.Sorted(slices.Values(second))) {
		t.Errorf("the second album has %v, want %v", got, second)
	}
}

// TestFolderIntoAlbums carries a tree into albums by its directories.
func TestFolderIntoAlbums(t *testing.T) {
	t.Parallel()
	library := emulator.Many(9, 35)
	for name, args := range map[string][]string{"mirror": {"--albums", "mirror"}, "template": {"--album", "{folder}"}} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, emulator.Options{Library: library})
			dir := filepath.Join(l.Home, "films")
			for i, m := range library {
				sub := []string{"", "alps", "alps/day 1"}[i%3]
				if err := errors.Join(os.MkdirAll(filepath.Join(dir, sub), 0o755), os.WriteFile(filepath.Join(dir, sub, *m.Filename), l.bytesOf(m), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			args := append([]string{dir, "gphotos:"}, args...)
			if s, r := l.Sync(args...); r.Code != 0 || s.Items.Created != 9 {
				t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
			}
			of := func(n int) (all []string) {
				for i, m := range library {
					if i%3 == n {
						all = append(all, m.ID)
					}
				}
				return all
			}
			want := map[string][]string{"alps": of(1), "alps / day 1": of(2)}
			l.wantAlbums(want)
			l.albumWrites()
			l.SyncUntilDone(1, args...)
			if n := l.albumWrites(); n != 0 {
				t.Errorf("%d writes where nothing is new", n)
			}
			l.wantAlbums(want)
		})
	}
}

// TestAlbumsOfAFolder are directories of links: each leads to its file, those of an
// album that is renamed follow, and what others have put beside them stays.
func TestAlbumsOfAFolder(t *testing.T) {
	t.Parallel()
	library := emulator.Many(8, 36)
	const alps = "5d0c6b1f-4e7a-4b2c-9d3e-000000000001"
	l := newLine(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: []emulator.GoProAlbum{
		{Title: "Alps / day 1", Media: ids(library, 0, 3)}, {Title: "Summer", Media: ids(library, 2, 6)}, {Title: "Empty"}, {Title: "Summer", Media: ids(library, 5, 8)},
	}}})
	for _, kind := range []string{"symlink", "hardlink", "copy"} {
		dir := filepath.Join(l.Home, kind)
		args := []string{"gopro:", dir, "--albums", "mirror", "--links", kind}
		l.KillWhen(func() bool { return len(l.links(dir)) > 0 }, args...)
		l.SyncUntilDone(1, args...)
		const summer, other = 4, 3
		for range 2 {
			l.wantLinks(dir, kind, map[string]int{"Alps _ day 1": 3, "Summer": summer, "Summer (…)": other})
			l.SyncUntilDone(1, args...)
		}
		if err := os.WriteFile(filepath.Join(dir, "Albums", "Alps _ day 1", "notes.txt"), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		l.Cloud.GoPro.RenameAlbum(alps, "Winter")
		l.SyncUntilDone(1, args...)
		l.wantLinks(dir, kind, map[string]int{"Winter": 3, "Summer": summer, "Summer (…)": other, "Alps _ day 1": 1})
		l.Cloud.GoPro.RenameAlbum(alps, "Alps / day 1")
		l.Want(0, "verify", dir, "--deep")
	}
	dir := filepath.Join(l.Home, "symlink")
	ordered := []string{"gopro:", dir, "--albums", "mirror", "--album-order"}
	const summer = 4
	all := len(l.links(dir))
	for range 2 {
		l.SyncUntilDone(1, ordered...)
		numbered, err := filepath.Glob(filepath.Join(dir, "Albums", "Summer", "000[1-4]_*"))
		if err != nil || len(numbered) != summer || len(l.linksOf(dir, "Summer")) != summer {
			t.Errorf("numbered links %q, %v, want %d", numbered, err, summer)
		}
		if now := len(l.links(dir)); now != all {
			t.Errorf("%d links, want %d as before", now, all)
		}
	}
	s, r := l.Sync(filepath.Join(l.Home, "symlink"), "gphotos:")
	if r.Code != 0 || s.Items.Total != 8 {
		t.Errorf("a folder with albums as a source: exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	l.Want(2, "sync", "gopro:", "gphotos:", "--links", "copy")
	l.Want(2, "sync", "gopro:", "gphotos:", "--album-order")
	l.Want(2, "sync", "gopro:", filepath.Join(l.Home, "another"), "--links", "soft")
}

// links returns the files in the albums of a folder.
func (l *line) links(dir string) []string { return l.linksOf(dir, "*") }

// linksOf returns the files in the albums of a folder that a pattern selects.
func (l *line) linksOf(dir, albums string) []string {
	l.T.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "Albums", albums, "*"))
	if err != nil {
		l.T.Error(err)
	}
	return found
}

// wantLinks counts the files of each album: each is of the wanted kind, and has the
// bytes of a file of the library.
func (l *line) wantLinks(dir, kind string, want map[string]int) {
	l.T.Helper()
	sums := map[string]bool{}
	for _, x := range l.Cloud.GoPro.Expected() {
		sums[x.SHA256] = true
	}
	got := map[string]int{}
	for _, link := range l.links(dir) {
		title := filepath.Base(filepath.Dir(link))
		if at := strings.LastIndex(title, "("); at > 0 {
			title = title[:at] + "(…)"
		}
		got[title]++
		if filepath.Ext(link) == ".txt" {
			continue
		}
		data, err := os.ReadFile(link)
		sum := sha256.Sum256(data)
		if err != nil || !sums[hex.EncodeToString(sum[:])] {
			l.T.Errorf("%s has other bytes than a file of the library: %v", link, err)
		}
		if to, err := os.Readlink(link); (err == nil) != (kind == "symlink") || strings.HasPrefix(to, "/") {
			l.T.Errorf("%s is no relative %s: %q", link, kind, to)
		}
	}
	if !maps.Equal(got, want) {
		l.T.Errorf("%s: links %v, want %v", kind, got, want)
	}
}
