package stationtest

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// File is one file and its bytes.
type File struct {
	// Item describes the file. Of a file in a source, the suite reads ID, CapturedAt,
	// the code of Refusal and, if the source has albums, the titles of Albums.
	Item media.Item
	Data []byte // of what is refused: nil
}

// Source is what a test provides of a station to carry from.
type Source struct {
	// Open opens the station, each time as another process would.
	Open func(t *testing.T) station.Source
	// Library is all that the source holds: media of at least three capture times,
	// one medium of at least three files unless Single is set, one file of at least 64 KiB and one that
	// is refused.
	Library []File

	// Other, if not nil, opens the station for another origin. Its media have the
	// ids of those in Library, unless ids are unique in the world.
	Other func(t *testing.T) station.Source
	// Change, if not nil, gives a file as many other bytes, as its owner may at any
	// time, and returns them.
	Change func(t *testing.T, f File) []byte
	// Drop, if not nil, drops the connection of the next opening when n bytes of
	// the body have passed.
	Drop func(t *testing.T, n int64)
	// Truncate, if not nil, lets every listing from now on lack some of its media.
	Truncate func(t *testing.T)

	// Albums says that the source knows albums.
	Albums bool
	// Join, if not nil, puts the medium of a file into a further album of the source,
	// with the title "Joined".
	Join func(t *testing.T, f File)

	// Unversioned says that the source cannot tell one state of a file from another.
	Unversioned bool
	// Single says that every medium is one file, as in a directory.
	Single bool
}

// sourceTest is one test of a source.
type sourceTest struct {
	name string
	// needs, if not nil, reports whether the harness has what the test needs.
	needs func(h Source) bool
	run   func(t *testing.T, h Source)
}

// RunSource tests the source that newHarness provides, a fresh one per test.
func RunSource(t *testing.T, newHarness func(t *testing.T) Source) {
	versioned := func(h Source) bool { return !h.Unversioned }
	for _, test := range []sourceTest{
		{"List", nil, testList},
		{"ListAgain", nil, testListAgain},
		{"Window", nil, testWindow},
		{"Adjacent", func(h Source) bool { return !h.Single }, testAdjacent},
		{"Origin", nil, testOrigin},
		{"OriginsApart", func(h Source) bool { return h.Other != nil }, testOriginsApart},
		{"Truncated", func(h Source) bool { return h.Truncate != nil }, testTruncated},
		{"StopListing", nil, testStopListing},
		{"CancelListing", nil, testCancelListing},
		{"Open", nil, testOpen},
		{"Offsets", nil, testOffsets},
		{"Beyond", nil, testBeyond},
		{"Concurrent", nil, testConcurrentOpen},
		{"Version", versioned, testVersion},
		{"Changed", func(h Source) bool { return h.Change != nil && !h.Unversioned }, testChanged},
		{"ListChanged", func(h Source) bool { return h.Change != nil }, testListChanged},
		{"Drop", func(h Source) bool { return h.Drop != nil }, testDrop},
		{"CancelOpen", nil, testCancelOpen},
		{"Unknown", nil, testUnknown},
		{"Prefetch", nil, testPrefetch},
		{"Describe", nil, testDescribe},
		{"Relist", nil, testRelist},
		{"Albums", func(h Source) bool { return h.Albums }, testSourceAlbums},
		{"Joined", func(h Source) bool { return h.Join != nil }, testJoined},
		{"Types", nil, testTypes},
		{"Meter", nil, testSourceMeter},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				if test.needs != nil && !test.needs(h) {
					t.Skip("the harness does not offer what this takes")
				}
				h.check(t)
				test.run(t, h)
			})
		})
	}
}

// check fails the test if the library is too poor to prove anything.
func (h Source) check(t *testing.T) {
	t.Helper()
	parts, times, refused := map[string]int{}, map[time.Time]bool{}, false
	for _, f := range h.Library {
		parts[f.Item.ID.Medium]++
		times[f.Item.CapturedAt] = true
		refused = refused || f.Item.Refusal != nil
	}
	most := 0
	for _, n := range parts {
		most = max(most, n)
	}
	if len(times) < 3 || most < 3 && !h.Single || !refused || len(h.largest().Data) < 64<<10 {
		t.Fatalf("the library has %d capture times, %d files of a medium at most, %d bytes in its largest file, refused files: %v",
			len(times), most, len(h.largest().Data), refused)
	}
}

// carriable returns the files that are not refused.
func (h Source) carriable() (files []File) {
	for _, f := range h.Library {
		if f.Item.Refusal == nil {
			files = append(files, f)
		}
	}
	return files
}

// largest returns the file with the most bytes.
func (h Source) largest() (most File) {
	for _, f := range h.Library {
		if len(f.Data) > len(most.Data) {
			most = f
		}
	}
	return most
}

// list returns all items of a window.
func list(t *testing.T, s station.Source, w media.Window) (items []media.Item) {
	t.Helper()
	for item, err := range s.List(t.Context(), w) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		items = append(items, item)
	}
	return items
}

// listed opens the source and lists it, and returns the item of a file.
func (h Source) listed(t *testing.T, f File) (station.Source, media.Item) {
	t.Helper()
	s := h.Open(t)
	for _, item := range list(t, s, media.Window{}) {
		if item.ID == f.Item.ID {
			return s, item
		}
	}
	t.Fatalf("%s is not listed", f.Item.ID.Key())
	return nil, media.Item{}
}

// open opens an item, which must work.
func open(t *testing.T, s station.Source, item media.Item, offset int64, version string) *station.Content {
	t.Helper()
	c, err := s.Open(t.Context(), item, offset, version)
	if err != nil {
		t.Fatalf("open %s at byte %d, version %q: %v", item.ID.Key(), offset, version, err)
	}
	return c
}

// read returns all bytes of a content, which must arrive, and closes it.
func read(t *testing.T, c *station.Content) []byte {
	t.Helper()
	defer c.Body.Close()
	data, err := io.ReadAll(c.Body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(data), err)
	}
	return data
}

// cancelled returns a context that has ended, and its cause.
func cancelled(t *testing.T) (context.Context, error) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	return ctx, errStopped
}
