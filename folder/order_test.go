package folder

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// filed is a folder with one album, whose items lie in directories of their own.
type filed struct {
	*testing.T
	dir   string
	kind  Links
	album string
}

func (f *filed) open(ordered bool) *Destination {
	layout, err := ParseLayout("{medium}/{name}")
	if err != nil {
		f.Fatal(err)
	}
	d, err := NewDestination(DestinationOptions{Path: f.dir, Layout: layout, Zone: time.UTC, Links: f.kind, AlbumOrder: ordered})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	if f.album, err = d.Album(f.Context(), "Trip"); err != nil {
		f.Fatal(err)
	}
	return d
}

// medium returns the id of the medium of a day, and the directory of its file: the
// later the day, the earlier the path.
func medium(day int) string { return fmt.Sprintf("m%02d", 40-day) }

// add carries files of these days of a month, all of one name, into the album.
func (f *filed) add(d *Destination, days ...int) {
	f.Helper()
	for _, day := range days {
		data := fmt.Appendf(nil, "file of day %02d", day)
		id := medium(day)
		paths := carry(f.T, d, stationtest.File{Data: data, Item: media.Item{
			ID: media.ID{Station: "toy", Medium: id, Part: 1}, Name: "A.JPG", Kind: media.Photo, Size: int64(len(data)), CapturedAt: time.Date(2026, 1, day, 9, 0, 0, 0, time.UTC),
		}})
		errs, err := d.AddToAlbum(f.Context(), f.album, []station.Member{{ID: paths[0]}})
		if err := errors.Join(append(errs, err)...); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *filed) order(d *Destination) {
	f.Helper()
	if err := d.OrderAlbums(f.Context()); err != nil {
		f.Fatal(err)
	}
}

func (f *filed) path(name string) string { return filepath.Join(f.dir, "Albums", "Trip", name) }

// want wants the album to hold the files of these days, by name.
func (f *filed) want(want map[string]int) {
	f.Helper()
	entries, err := os.ReadDir(f.path(""))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(f.path(e.Name()))
		if day, ok := want[e.Name()]; !ok || err != nil || string(data) != fmt.Sprintf("file of day %02d", day) {
			f.Errorf("%s: %q, %v, want day %d", e.Name(), data, err, day)
		}
	}
	if len(entries) != len(want) {
		f.Errorf("%d entries, want %v", len(entries), want)
	}
}

// record returns the records of the albums and of the links.
func (f *filed) record() []byte {
	albums, err := os.ReadFile(filepath.Join(f.dir, albumsFile))
	links, err2 := os.ReadFile(filepath.Join(f.dir, linksFile(f.album)))
	if err := errors.Join(err, err2); err != nil {
		f.Fatal(err)
	}
	return append(albums, links...)
}

func eachKind(t *testing.T, test func(f *filed)) {
	for _, kind := range []Links{Symlinks, Hardlinks, Copies} {
		t.Run(string(kind), func(t *testing.T) { test(&filed{T: t, dir: t.TempDir(), kind: kind}) })
	}
}

// TestAlbumOrder numbers the links of files of one name, which then change places.
func TestAlbumOrder(t *testing.T) {
	eachKind(t, func(f *filed) {
		d := f.open(true)
		f.add(d, 20, 10)
		f.order(d)
		f.want(map[string]int{"0001_A.JPG": 10, "0002_A.JPG": 20})
		f.add(d, 5, 15)
		f.order(d)
		want := map[string]int{"0001_A.JPG": 5, "0002_A.JPG": 10, "0003_A.JPG": 15, "0004_A.JPG": 20}
		f.want(want)

		before := f.record()
		d = f.open(true)
		f.order(d)
		f.want(want)
		if !bytes.Equal(f.record(), before) {
			t.Errorf("something was written where nothing is new")
		}
	})
}

// TestAlbumOrderLeavesWhatIsNotItsOwn: files and links of others keep their names, a
// link that was removed keeps its number free.
func TestAlbumOrderLeavesWhatIsNotItsOwn(t *testing.T) {
	eachKind(t, func(f *filed) {
		d := f.open(true)
		f.add(d, 10, 20, 30)
		if err := os.WriteFile(f.path("0001_A.JPG"), []byte("file of day 99"), 0o600); err != nil {
			t.Fatal(err)
		}
		f.order(d)
		mark := media.Distinguish("0001_A.JPG", "("+markOf("m30/A.JPG", shortMark)+")")
		f.want(map[string]int{"0001_A.JPG": 99, mark: 10, "0002_A.JPG": 20, "0003_A.JPG": 30})
		if err := os.Remove(f.path("0002_A.JPG")); err != nil {
			t.Fatal(err)
		}
		f.add(d, 5)
		f.order(d)
		mark5 := media.Distinguish("0001_A.JPG", "("+markOf("m35/A.JPG", shortMark)+")")
		f.want(map[string]int{"0001_A.JPG": 99, mark5: 5, "0002_A.JPG": 10, "0004_A.JPG": 30})
	})
}

// TestAlbumOrderIsResumed after a kill between any two renames.
func TestAlbumOrderIsResumed(t *testing.T) {
	eachKind(t, func(f *filed) {
		d := f.open(true)
		f.add(d, 10, 20, 30)
		f.order(d)
		f.add(d, 5)
		albums, err := os.ReadFile(filepath.Join(f.dir, albumsFile))
		if err != nil {
			t.Fatal(err)
		}
		f.order(d)
		// As it was before some of the renames, and before the album was recorded as
		// numbered. The links of the first days are renamed last.
		if err := os.WriteFile(filepath.Join(f.dir, albumsFile), albums, 0o600); err != nil {
			t.Fatal(err)
		}
		plain := f.plainName(5)
		renames := [][2]string{{plain, "0001_A.JPG"}, {"0001_A.JPG", "0002_A.JPG"}, {"0002_A.JPG", "0003_A.JPG"}, {"0003_A.JPG", "0004_A.JPG"}}
		for n := range len(renames) + 1 {
			for _, names := range renames[:n] {
				if err := os.Rename(f.path(names[1]), f.path(names[0])); err != nil {
					t.Fatal(err)
				}
			}
			f.resumes(albums)
		}
		if err := os.Rename(f.path("0001_A.JPG"), f.path(".0001_A.JPG")); err != nil { // aside
			t.Fatal(err)
		}
		f.resumes(albums)
	})
}

// plainName returns the name that the link of a day had at first.
func (f *filed) plainName(day int) string {
	for line := range strings.Lines(string(f.record())) {
		if strings.Contains(line, `"name"`) && strings.Contains(line, `"path":"`+medium(day)+`/A.JPG"`) {
			return strings.Split(line, `"`)[3]
		}
	}
	f.Fatal("the link is not recorded")
	return ""
}

// resumes opens the folder as a run that was killed left it.
func (f *filed) resumes(albums []byte) {
	f.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, albumsFile), albums, 0o600); err != nil {
		f.Fatal(err)
	}
	f.order(f.open(true))
	f.want(map[string]int{"0001_A.JPG": 5, "0002_A.JPG": 10, "0003_A.JPG": 20, "0004_A.JPG": 30})
}

// TestLinksThatChangePlaces: each wants the name of another one.
func TestLinksThatChangePlaces(t *testing.T) {
	eachKind(t, func(f *filed) {
		d := f.open(true)
		f.add(d, 10, 20, 30)
		f.order(d)
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		m := newMover(d, root, d.albums.known[0])
		for i, file := range []string{"m30/A.JPG", "m20/A.JPG", "m10/A.JPG"} {
			m.add(&move{path: file, now: fmt.Sprintf("000%d_A.JPG", i+1), to: fmt.Sprintf("000%d_A.JPG", (i+1)%3+1)})
		}
		if err := m.run(); err != nil {
			t.Fatal(err)
		}
		f.want(map[string]int{"0002_A.JPG": 10, "0003_A.JPG": 20, "0001_A.JPG": 30})
	})
}

// TestAlbumOrderIsAsked: without it names stay as they are, and new ones are plain.
func TestAlbumOrderIsAsked(t *testing.T) {
	f := &filed{T: t, dir: t.TempDir()}
	d := f.open(true)
	f.add(d, 20)
	f.order(d)
	d = f.open(false)
	f.add(d, 10)
	f.order(d)
	f.want(map[string]int{"0001_A.JPG": 20, "A.JPG": 10})
	f.order(f.open(true))
	f.want(map[string]int{"0001_A.JPG": 10, "0002_A.JPG": 20})
}

// TestManyLinksHaveMoreDigits, all of them.
func TestManyLinksHaveMoreDigits(t *testing.T) {
	d := &Destination{albums: albums{links: map[string]string{}}}
	var files []string
	for i := range 10_000 {
		file := fmt.Sprintf("%05d.JPG", i)
		files, d.albums.links[file] = append(files, file), file
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	m := newMover(d, root, albumRecord{Dir: "Albums/Trip"})
	if err := m.plan(files, FileSystem{NameBytes: 255, NameRune: '\U0010ffff'}); err != nil {
		t.Fatal(err)
	}
	first, last := m.moves[0].to, m.moves[len(files)-1].to
	if got := []string{first, last}; !slices.Equal(got, []string{"00001_00000.JPG", "10000_09999.JPG"}) {
		t.Errorf("names %q", got)
	}
}

// TestLinkThatLeadsElsewhere has the name of a link of the album, and is another's.
func TestLinkThatLeadsElsewhere(t *testing.T) {
	f := &filed{T: t, dir: t.TempDir()}
	d := f.open(true)
	f.add(d, 10, 20)
	f.order(d)
	if err := errors.Join(os.Remove(f.path("0002_A.JPG")), os.Symlink("../../m30/A.JPG", f.path("0002_A.JPG"))); err != nil {
		t.Fatal(err)
	}
	f.add(d, 30, 15)
	f.order(d)
	for name, want := range map[string]string{"0001_A.JPG": "m30", "0002_A.JPG": "m30", "0004_A.JPG": "m10"} {
		if to, err := os.Readlink(f.path(name)); err != nil || to != "../../"+want+"/A.JPG" {
			t.Errorf("%s leads to %q, %v, want the file of %s", name, to, err, want)
		}
	}
	if entries, err := os.ReadDir(f.path("")); err != nil || len(entries) != 4 {
		t.Errorf("entries %v, %v, want 4: the link of day 15 is there, too", entries, err)
	}
}
