package gphotos_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/station"
)

// filled is an account with an album.
type filled struct {
	*emulator.Emulator
	d     station.Filer
	album string
}

// newFilled opens an account whose albums hold so many items.
func newFilled(t *testing.T, capacity int) *filled {
	t.Helper()
	e, err := emulator.New(emulator.Options{Google: emulator.GoogleOptions{AlbumCapacity: capacity}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	c, err := gphotos.NewClient(gphotos.Options{HTTP: e.Client(), Tokens: tokens{e.Account("")}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := gphotos.NewDestination(c, gphotos.DestinationOptions{Account: func(context.Context) (string, error) { return "gphotos:me", nil }, AlbumSize: capacity})
	if err != nil {
		t.Fatal(err)
	}
	album, err := d.Album(t.Context(), "Summer")
	if err != nil {
		t.Fatal(err)
	}
	return &filled{e, d, album}
}

// entries uploads files.
func (f *filled) entries(t *testing.T, from, n int) (all []station.Entry) {
	t.Helper()
	for i := range n {
		file := suiteFile(from+i, emulator.MinSample)
		r, err := f.d.(station.Destination).Upload(t.Context(), station.Upload{
			Item: file.Item, Save: func(context.Context, station.Checkpoint) error { return nil },
			Open: func(_ context.Context, offset int64) (*station.Content, error) {
				return &station.Content{Body: io.NopCloser(bytes.NewReader(file.Data[offset:])), Offset: offset, Size: int64(len(file.Data))}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, station.Entry{Item: file.Item, Receipt: r})
	}
	return all
}

// create creates items and returns them as members.
func (f *filled) create(t *testing.T, album string, entries []station.Entry) (all []station.Member, err error) {
	t.Helper()
	made, err := f.d.(station.Destination).Create(t.Context(), station.Batch{AlbumID: album, Entries: entries})
	for i, r := range made.Results {
		if r.Err != nil {
			t.Errorf("%s: %v", entries[i].Item.Name, r.Err)
		}
		all = append(all, station.Member{ID: r.ID, Item: entries[i].Item})
	}
	return all, err
}

// TestFullAlbum: an album that has no room for all items of a call takes none, and
// that is no fault of an item.
func TestFullAlbum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFilled(t, 5)
		members, err := f.create(t, f.album, f.entries(t, 0, 4))
		if err != nil {
			t.Fatal(err)
		}
		more, err := f.create(t, "", f.entries(t, 4, 2))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.d.AddToAlbum(t.Context(), f.album, more); fault.CodeOf(err) != fault.AlbumFull {
			t.Errorf("two items more than fit: %v", err)
		}
		if _, err := f.create(t, f.album, f.entries(t, 6, 2)); fault.CodeOf(err) != fault.AlbumFull {
			t.Errorf("creating two items more than fit: %v", err)
		}
		if errs, err := f.d.AddToAlbum(t.Context(), f.album, more[:1]); err != nil || errs[0] != nil {
			t.Errorf("the last one that fits: %v, %v", errs, err)
		}
		if n := len(f.Google.Albums()[0].Items); n != len(members)+1 {
			t.Errorf("the album has %d items", n)
		}
	})
}

// TestAlbumThatIsGone fails a call as such: no item is to blame.
func TestAlbumThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFilled(t, 100)
		members, err := f.create(t, "", f.entries(t, 0, 3))
		if err != nil {
			t.Fatal(err)
		}
		foreign := f.Google.PutAlbum("", "Hers").ID
		f.Google.DropAlbum(f.album)
		for _, album := range []string{f.album, foreign} {
			if _, err := f.d.AddToAlbum(t.Context(), album, members); fault.CodeOf(err) != fault.Album || fault.ClassOf(err) != fault.Session {
				t.Errorf("AddToAlbum: %v", err)
			}
			if err := f.d.RenameAlbum(t.Context(), album, "Winter"); fault.CodeOf(err) != fault.Album {
				t.Errorf("RenameAlbum: %v", err)
			}
		}
	})
}

// TestEqualMembers: two files of the same bytes are one item, and one id of a call.
func TestEqualMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFilled(t, 100)
		members, err := f.create(t, "", f.entries(t, 0, 3))
		if err != nil {
			t.Fatal(err)
		}
		twice := append(slices.Clone(members), members...)
		if errs, err := f.d.AddToAlbum(t.Context(), f.album, twice); err != nil || fmt.Sprint(errs) != fmt.Sprint(make([]error, 6)) {
			t.Errorf("%v, %v", errs, err)
		}
	})
}

// TestAdditionThatFailsHalfway: what is known is returned; the rest is to be tried
// again.
func TestAdditionThatFailsHalfway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFilled(t, 100)
		members, err := f.create(t, "", f.entries(t, 0, 4))
		if err != nil {
			t.Fatal(err)
		}
		members[3].ID = "nobody"
		f.Faults.Add(emulator.Fault{Route: "albums.add", Kind: emulator.FaultStatus, Status: 403, Body: "insufficient authentication scopes", Call: 3, Times: -1})
		errs, err := f.d.AddToAlbum(t.Context(), f.album, members)
		if err != nil || errs[0] != nil || errs[1] != nil || fault.ClassOf(errs[2]) != fault.Transient || errs[2] == nil || errs[3] == nil {
			t.Errorf("%v, %v", errs, err)
		}
		if n := len(f.Google.Albums()[0].Items); n != 2 {
			t.Errorf("the album has %d items", n)
		}
	})
}
