package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// albumService lists an album only some time after it was created, so that each
// call of Album before creates another one, and takes its time for that.
type albumService struct {
	lag, takes time.Duration

	mu   sync.Mutex
	made []album
	lose context.CancelCauseFunc // if not nil, called once when an album is made, whose id is lost
}

type album struct {
	title, id string
	at        time.Time
}

func (s *albumService) open(title string) (string, error) {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.made {
		if a.title == title && time.Since(a.at) >= s.lag {
			return a.id, nil
		}
	}
	id := fmt.Sprintf("%s#%d", title, len(s.made))
	s.made = append(s.made, album{title, id, time.Now()})
	if s.lose != nil {
		s.lose(crash.ErrKilled)
		s.lose = nil
		return "", crash.ErrKilled
	}
	return id, nil
}

// blindLibrary is a library of a service whose listing of albums lags.
type blindLibrary struct {
	*memoryLibrary
	service *albumService
	deleted map[string]bool // ids of albums
}

func (l *blindLibrary) Album(_ context.Context, title string) (string, error) {
	return l.service.open(title)
}

func (l *blindLibrary) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	l.mu.Lock()
	if _, known := l.albums[b.AlbumID]; !known && !l.deleted[b.AlbumID] {
		l.albums[b.AlbumID] = nil
	}
	l.mu.Unlock()
	return l.memoryLibrary.Create(ctx, b)
}

// TestRunsMakeOneAlbum: two at the same time, on two openings of one store, and
// one later.
func TestRunsMakeOneAlbum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &albumService{lag: time.Hour, takes: 3 * time.Second}
		dir := t.TempDir()
		run := func(seed uint64) {
			src, lib := pair(seed, 0)
			for i := range 6 {
				src.add(fmt.Sprint(seed, i), fmt.Sprintf("GX03%04d.MP4", i), fmt.Append(nil, seed, i))
			}
			o := options(t, src, &blindLibrary{memoryLibrary: lib, service: service})
			o.Backend, o.SessionID, o.Album = openBackend(t, dir), fmt.Sprint(seed), "Lagoon"
			if _, err := gondola.Sync(t.Context(), o); err != nil {
				t.Error(err)
			}
			if len(lib.albums["Lagoon#0"]) != 6 {
				t.Errorf("albums %v", lib.albums)
			}
		}
		var both sync.WaitGroup
		both.Go(func() { run(41) })
		both.Go(func() { run(42) })
		both.Wait()
		run(43)
		if len(service.made) != 1 {
			t.Errorf("made %v, want one album", service.made)
		}
	})
}

// TestAlbumOfARunThatWasKilledIsFound although it was not listed yet.
func TestAlbumOfARunThatWasKilledIsFound(t *testing.T) {
	for _, lag := range []time.Duration{0, 10 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(42, 6)
				ctx, die := context.WithCancelCause(t.Context())
				service := &albumService{lag: lag, lose: die}
				o := options(t, src, &blindLibrary{memoryLibrary: lib, service: service})
				o.Album = "Lagoon"
				if _, err := gondola.Sync(ctx, o); !errors.Is(err, crash.ErrKilled) {
					t.Fatal(err)
				}
				began := time.Now()
				mustSync(t, o)
				if len(service.made) != 1 || len(lib.albums["Lagoon#0"]) != 6 {
					t.Errorf("albums %v", lib.albums)
				}
				if took := time.Since(began); took > time.Minute {
					t.Errorf("waited %v for the listing", took)
				}
			})
		})
	}
}

// TestAlbumThatIsLostIsReplacedOnce, for all sessions of the store.
func TestAlbumThatIsLostIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(43, 3)
		service := &albumService{lag: time.Hour}
		blind := &blindLibrary{memoryLibrary: lib, service: service, deleted: map[string]bool{}}
		o := options(t, src, blind)
		o.Album = "Lagoon"
		mustSync(t, o)
		delete(lib.albums, "Lagoon#0") // as people do
		blind.deleted["Lagoon#0"] = true
		for i, session := range []string{"s", "another", "s"} {
			src.add(session+fmt.Sprint(i), fmt.Sprintf("GX0200%02d.MP4", i), []byte{byte(i)})
			o.SessionID = session
			mustSync(t, o)
		}
		if len(service.made) != 2 || len(lib.albums["Lagoon#1"]) != 3 {
			t.Errorf("made %v, albums %v", service.made, lib.albums)
		}
	})
}

// TestAlbumsTurnIsBounded: a process that holds the account for ever is named.
func TestAlbumsTurnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(44, 2)
		o := options(t, src, lib)
		o.Album = "Lagoon"
		var waits []string
		stop := observe(&o, func(e progress.Event) {
			if w, ok := e.(progress.Wait); ok {
				waits = append(waits, w.Reason)
			}
		})
		lock, err := o.Backend.Lock(t.Context(), state.AccountLock("gphotos:me"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gondola.Sync(t.Context(), o); err == nil || len(lib.albums) != 0 {
			t.Errorf("opened an album of an account that another one holds: %v", err)
		}
		stop()
		if len(waits) == 0 || !strings.Contains(waits[0], "writes to the same account") {
			t.Errorf("waits %q", waits)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		mustSync(t, o)
	})
}

// TestItemsThatWereThereAreNotFiled, and the run says so.
func TestItemsThatWereThereAreNotFiled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(45, 3)
		o := options(t, src, lib)
		o.SessionID = ""
		mustSync(t, o)
		src.add("new", "GX010099.MP4", []byte("shot since"))
		var notices []string
		o.Album = "Lagoon"
		stop := observe(&o, func(e progress.Event) {
			if n, ok := e.(progress.Notice); ok {
				notices = append(notices, n.Text)
			}
		})
		mustSync(t, o)
		stop()
		if len(lib.albums["Lagoon"]) != 1 || len(notices) != 1 || !strings.Contains(notices[0], `"Lagoon" lacks the items that were at the destination before, of which there are 3`) {
			t.Errorf("albums %v, notices %q", lib.albums, notices)
		}
	})
}
