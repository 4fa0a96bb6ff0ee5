package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// TestTakenOver: a holder whose session was taken over while it slept changes
// nothing, though it does not know yet.
func TestTakenOver(t *testing.T) {
	b, path := fresh(t)
	load(t, b, 0, 3)
	lock, err := b.Lock(t.Context(), "s")
	must(t, err)
	must(t, b.Exec("UPDATE leases SET token = 'of another', machine = 'another'"))
	it := libraryItem(0)
	it.Carried = 7
	for what, err := range map[string]error{
		"PutItems":      b.PutItems(t.Context(), "s", it),
		"PutBatch":      b.PutBatch(t.Context(), "s", &state.Batch{Index: state.FirstBatchIndex}),
		"DeleteBatch":   b.DeleteBatch(t.Context(), "s", 0),
		"PutSession":    b.PutSession(t.Context(), state.NewSession("s", media.Window{}, time.Now())),
		"DeleteSession": b.DeleteSession(t.Context(), "s"),
	} {
		wantFault(t, what, err)
		if !strings.Contains(err.Error(), "another process has taken it over") {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, b.PutSession(t.Context(), state.NewSession("other", media.Window{}, time.Now())))
	must(t, lock.Unlock())

	reader := open(t, path)
	defer reader.Close()
	counts, err := reader.Counts(t.Context(), "s")
	must(t, err)
	if counts.Total != 3 || counts.Carried != 0 {
		t.Errorf("counts %+v, want what there was", counts)
	}
	if _, err := reader.Lock(t.Context(), "s"); err == nil {
		t.Error("the lock of the other one was given back")
	}
}

// occupy keeps the file to itself, as a process does that writes, until the
// returned function is called.
func occupy(t *testing.T, path string) (leave func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	must(t, err)
	conn, err := db.Conn(t.Context())
	must(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	return func() {
		conn.ExecContext(context.Background(), "ROLLBACK")
		conn.Close()
		db.Close()
	}
}

// TestWaitsForItsTurn: a change waits for another process, as long as its
// context lasts; reading does not wait.
func TestWaitsForItsTurn(t *testing.T) {
	b, path := fresh(t)
	load(t, b, 0, 3)
	leave := occupy(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := b.PutItems(ctx, "s", libraryItem(3)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("PutItems while another process writes = %v", err)
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("it noticed the end of its context after %v", waited)
	}
	if err := last(b.Items(t.Context(), "s", state.Query{})); err != nil {
		t.Errorf("reading while another process writes: %v", err)
	}
	done := make(chan error)
	go func() { done <- b.PutItems(t.Context(), "s", libraryItem(3)) }()
	select {
	case err := <-done:
		t.Errorf("PutItems did not wait: %v", err)
	case <-time.After(300 * time.Millisecond): // more than SQLite waits by itself
	}
	leave()
	must(t, <-done)
}

// TestFreshWhileIterating: an item that was stored while its page was worked
// through comes as it is now.
func TestFreshWhileIterating(t *testing.T) {
	b, _ := fresh(t)
	load(t, b, 0, 30)
	var got []int64
	for it, err := range b.Items(t.Context(), "s", state.Query{}) {
		must(t, err)
		if got = append(got, it.Carried); it.Seq == 10 {
			for n := 10; n < 30; n++ { // by another goroutine of the engine
				later := libraryItem(n)
				later.Carried = 5
				must(t, b.PutItems(t.Context(), "s", later))
			}
		}
	}
	want := append(make([]int64, 10), slices.Repeat([]int64{5}, 20)...)
	wantEqual(t, "bytes carried", want, got)

	seen := 0
	for it, err := range b.Items(t.Context(), "s", state.Query{Awaiting: state.Transfer}) {
		must(t, err)
		if seen++; it.Seq == 1 {
			for n := 1; n < 30; n++ {
				later := libraryItem(n)
				later.Transfer = state.Completed
				must(t, b.PutItems(t.Context(), "s", later))
			}
		}
	}
	if seen != 1 {
		t.Errorf("%d items awaited transfer when their turn came, want 1", seen)
	}
}

// TestWALStaysSmall writes much while somebody works slowly through the items.
func TestWALStaysSmall(t *testing.T) {
	b, path := fresh(t)
	must(t, b.PutSession(t.Context(), state.NewSession("s", media.Window{}, time.Now())))
	var list []*state.Item
	for n := range 30 {
		it := libraryItem(n)
		it.DownloadURL = strings.Repeat("large ", 3000)
		list = append(list, it)
	}
	must(t, b.PutItems(t.Context(), "s", list...))
	must(t, b.Exec("PRAGMA wal_autocheckpoint = 100")) // pages; by itself it is 1000
	other := open(t, path)
	defer other.Close()
	var stop atomic.Bool
	done := make(chan error)
	go func() {
		var err error
		for err == nil && !stop.Load() {
			for _, err = range other.Items(context.Background(), "s", state.Query{}) {
				time.Sleep(time.Millisecond)
			}
		}
		done <- err
	}()
	var largest int64
	for n := range 10 {
		for _, it := range list {
			it.Carried = int64(n)
		}
		must(t, b.PutItems(t.Context(), "s", list...))
		info, err := os.Stat(path + "-wal")
		must(t, err)
		largest = max(largest, info.Size())
	}
	stop.Store(true)
	must(t, <-done)
	if written := int64(b.Written()) * 4096; largest > written/2 {
		t.Errorf("of %d MiB written, the WAL held %d MiB", written>>20, largest>>20)
	}
}

// TestDeletedInPieces breaks off a deletion after each of its changes: a
// session is there whole or not at all, and the next deletion clears the rest.
func TestDeletedInPieces(t *testing.T) {
	whole, err := os.ReadFile(wellPut(t, 1100))
	must(t, err)
	path := filepath.Join(t.TempDir(), "gondola.db")
	broken := 0
	for done := false; !done; broken++ {
		must(t, os.WriteFile(path, whole, 0o600))
		b := open(t, path)
		breakAt(b, broken+1)
		done = b.DeleteSession(t.Context(), "s") == nil
		b.Close()

		b = open(t, path)
		must(t, b.Exec("DELETE FROM leases")) // its holder is dead
		counts, err := b.Counts(t.Context(), "s")
		if gone := errors.Is(err, state.ErrNotFound); !gone && (done || counts.Total != 1100) {
			t.Errorf("broken off at %d, the session is %+v, %v", broken, counts, err)
		}
		if err := b.DeleteSession(t.Context(), "s"); err != nil && !errors.Is(err, state.ErrNotFound) {
			t.Error(err)
		}
		wantSound(t, b)
		for _, table := range []string{"items", "batches", "counts", "sessions"} {
			if n := b.Number(t, "SELECT count(*) FROM "+table); n != 0 {
				t.Errorf("broken off at %d, %d rows are left in %s", broken, n, table)
			}
		}
		if pages := b.Number(t, "PRAGMA page_count"); pages > 40 {
			t.Errorf("broken off at %d, the empty database has %d pages", broken, pages)
		}
		must(t, b.Close())
	}
	if broken < 10 {
		t.Errorf("only %d changes", broken)
	}
}

// TestClosedWhileUsed closes a backend that is being used.
func TestClosedWhileUsed(t *testing.T) {
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "gondola.db"), sqlite.Options{})
	must(t, err)
	load(t, b, 0, 500)
	done := make(chan error)
	use := func(do func() error) {
		var err error
		for err == nil {
			err = do()
		}
		done <- err
	}
	go use(func() error { return b.PutItems(t.Context(), "s", libraryItem(500)) })
	go use(func() error { return last(b.Items(t.Context(), "s", state.Query{})) })
	time.Sleep(20 * time.Millisecond)
	must(t, b.Close())
	for range 2 {
		if err := <-done; !errors.Is(err, state.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
