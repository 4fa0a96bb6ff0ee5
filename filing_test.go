package gondola_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// filingLibrary is a library whose albums can be filled, up to a number of items.
type filingLibrary struct {
	*memoryLibrary
	most    int
	filings int             // calls that fill albums
	refuse  map[string]bool // ids of items
}

func (l *filingLibrary) room(album string, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, ok := l.albums[album]
	if l.most == 0 {
		l.most = 1000
	}
	switch {
	case album != "" && !ok:
		return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "fill an album that is gone"}
	case len(held)+n > l.most:
		return &fault.Error{Class: fault.Session, Code: fault.AlbumFull, Op: "fill a full album"}
	}
	return nil
}

func (l *filingLibrary) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	if err := l.room(b.AlbumID, len(b.Entries)); b.AlbumID != "" && err != nil {
		return station.BatchResult{}, err
	}
	return l.memoryLibrary.Create(ctx, b)
}

func (l *filingLibrary) AddToAlbum(_ context.Context, album string, members []station.Member) ([]error, error) {
	if err := l.room(album, len(members)); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.filings++
	errs := make([]error, len(members))
	for i, m := range members {
		switch {
		case l.refuse[m.ID]:
			errs[i] = &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "no item of the app"}
		case !slices.Contains(l.albums[album], m.ID):
			l.albums[album] = append(l.albums[album], m.ID)
		}
	}
	return errs, nil
}

func (*filingLibrary) RenameAlbum(context.Context, string, string) error { return nil }

// TestFullAlbumIsContinued by a second one, also in later runs.
func TestFullAlbumIsContinued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(51, 27)
		full := &filingLibrary{memoryLibrary: lib, most: 30}
		o := options(t, src, full)
		o.Album, o.BatchSize = "Lagoon", 1
		mustSync(t, o)
		for n := range 9 {
			src.add(fmt.Sprint("new", n), fmt.Sprintf("GX0200%02d.MP4", n), fmt.Append(nil, "new", n))
			mustSync(t, o)
		}
		o.SessionID = "another"
		mustSync(t, o)
		all := map[string]bool{}
		for title, ids := range lib.albums {
			for _, id := range ids {
				all[id] = true
			}
			if len(ids) > 30 {
				t.Errorf("%s has %d items", title, len(ids))
			}
		}
		if len(lib.albums["Lagoon"]) != 30 || len(lib.albums["Lagoon (2)"]) < 6 || len(all) != 36 {
			t.Errorf("albums %v", lib.albums)
		}
	})
}

// TestItemsThatWereThereAreFiled, once; one that is refused fails until it is not.
func TestItemsThatWereThereAreFiled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(52, 70)
		filer := &filingLibrary{memoryLibrary: lib}
		o := options(t, src, filer)
		o.SessionID = ""
		mustSync(t, o)
		var refused string
		for id := range lib.items {
			refused = max(refused, id)
		}
		filer.refuse = map[string]bool{refused: true}
		o.Album = "Lagoon"
		s := mustSync(t, o)
		if s.Outcome != gondola.OutcomePartial || s.Items.Outcomes["failed"] != 1 || len(lib.albums["Lagoon"]) != len(lib.items)-1 {
			t.Errorf("outcome %s, %v, %d items in the album", s.Outcome, s.Items, len(lib.albums["Lagoon"]))
		}
		filer.refuse, filer.filings = nil, 0
		for _, calls := range []int{1, 1} {
			if s = mustSync(t, o); s.Outcome != gondola.OutcomeComplete || filer.filings != calls {
				t.Errorf("outcome %s, %d calls, want %d in all", s.Outcome, filer.filings, calls)
			}
		}
		delete(lib.albums, "Lagoon") // as users do
		src.add("new", "GX010099.MP4", []byte("shot since"))
		if s = mustSync(t, o); s.Outcome != gondola.OutcomeComplete || len(lib.albums["Lagoon"]) != 1 {
			t.Errorf("outcome %s, albums %v", s.Outcome, lib.albums)
		}
	})
}
