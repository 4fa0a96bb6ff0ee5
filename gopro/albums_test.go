package gopro_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// TestShortAlbums: a page that comes short once is made up for, one that stays short
// ends the listing.
func TestShortAlbums(t *testing.T) {
	for name, c := range map[string]struct{ times, want int }{"once": {1, 0}, "for ever": {-1, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				library := suiteLibrary("mine")
				e, err := emulator.New(emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: suiteAlbums(library)}})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				e.Faults.Add(emulator.Fault{Route: "gopro.albums", Kind: emulator.FaultShortPage, Count: 2, Times: c.times})
				titled, failures := 0, 0
				for item, err := range suiteOpen(t, e, "").(station.Relister).Relist(t.Context(), station.ListOptions{Album: func(media.Album) {}}) {
					if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.ListingIncomplete {
						failures++
					} else if err != nil {
						t.Error(err)
					}
					titled += len(item.Albums)
				}
				if failures != c.want || (titled == 0) != (c.want > 0) {
					t.Errorf("%d albums of items, %d failures", titled, failures)
				}
			})
		})
	}
}

// TestAlbumsOfAnAccount: its root is left out, and what an album holds is
// listed with its records.
func TestAlbumsOfAnAccount(t *testing.T) {
	library := suiteLibrary("mine")
	e, err := emulator.New(emulator.Options{Library: library, GoPro: emulator.GoProOptions{Albums: suiteAlbums(library)}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := gopro.NewClient(gopro.Options{HTTP: e.Client(), Token: e.GoPro.Token()})
	if err != nil {
		t.Fatal(err)
	}
	var albums []gopro.Album
	for a, err := range c.Albums(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		albums = append(albums, a)
	}
	if len(albums) != 4 || !albums[0].Root || albums[1].Root || albums[1].Title != "Alps" {
		t.Fatalf("albums %+v", albums)
	}
	var rows []gopro.Row
	for row, err := range c.AlbumMedia(t.Context(), albums[1].ID) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 2 || rows[0].ID != library[0].ID || rows[0].Filename == "" {
		t.Errorf("media %+v", rows)
	}
}
