package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// A run goes on over restarts and crashes of the server, and every item that
// was confirmed is there, once.
func TestServerRestartsInMidRun(t *testing.T) {
	server := pgserver.New(t)
	db := server.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	lock, err := b.Lock(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PutSession(ctx, &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	var next, done atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				it := item(int(next.Add(1)))
				for _, status := range []state.Status{state.Pending, state.Completed} {
					it.Transfer = status
					if err := b.PutItems(ctx, "s", it); err != nil {
						t.Error(err)
						return
					}
				}
				if err := b.Record(ctx, state.LedgerEntry{Account: "a", Key: it.ID.Key()}); err != nil {
					t.Error(err)
				}
				done.Add(1)
			}
		})
	}
	for n := range 4 {
		before := done.Load()
		for done.Load() < before+20 && !t.Failed() {
			time.Sleep(5 * time.Millisecond)
		}
		end := []func() error{server.Crash, server.Stop}[n%2]
		if err := errors.Join(end(), server.Start(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()

	seen := map[string]bool{}
	for it, err := range b.Items(ctx, "s", state.Query{Awaiting: state.Create}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[it.ID.Key()] {
			t.Errorf("%s is there twice", it.Name)
		}
		seen[it.ID.Key()] = true
	}
	counts, err := b.Counts(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	if n := int(done.Load()); len(seen) != n || counts.Total != n {
		t.Errorf("%d items are there and %d counted, want %d", len(seen), counts.Total, n)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

// A server that stays away ends the call after its time, with everybody told.
func TestServerStaysAway(t *testing.T) {
	server := pgserver.New(t)
	db := server.NewDatabase(t)
	var waits []fault.Wait
	b := open(t, db.URI, postgres.Options{Patience: 4 * time.Second, OnWait: func(w fault.Wait) { waits = append(waits, w) }})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := b.Session(ctx, "s"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it waits: %v", err)
	}
	began := time.Now()
	err := b.PutItems(t.Context(), "s", item(1))
	took := time.Since(began)
	password := strings.SplitN(strings.SplitN(db.URI, "@", 2)[0], ":", 3)[2]
	wantFault(t, err, "unreachable", "run the same command again", password)
	if !strings.Contains(err.Error(), "everything confirmed so far is saved") {
		t.Errorf("it does not say what is saved: %v", err)
	}
	if took < time.Second || took > 10*time.Second {
		t.Errorf("it waited for %v, want 4 s", took)
	}
	if len(waits) == 0 || waits[0].Until.Before(began) || waits[0].Until.Location() != time.UTC || !strings.Contains(waits[0].Reason, `store session "s"`) {
		t.Errorf("told of %v", waits)
	}
	// The next calls know that already, until the server is back.
	began = time.Now()
	for range 3 {
		_, err := b.Session(t.Context(), "s")
		wantFault(t, err, "unreachable", "run the same command again", password)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it waited for %v once more", took)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Session(t.Context(), "s"); err != nil {
		t.Errorf("back again: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// Connections that the administrator ends are made again.
func TestConnectionsEnded(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	for n := range 5 {
		useAll(t, b, fmt.Sprint(n))
		pgserver.Exec(t, db.Admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	}
}

// A change whose answer is lost is made again, with one effect.
func TestUnknownOutcome(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	var lost atomic.Int64
	commits := 0
	b.Watch(func(sql string, _ []any) error {
		if sql != "committed" {
			return nil
		}
		if commits++; commits%2 == 1 {
			lost.Add(1)
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	ctx := t.Context()
	useAll(t, b, "all")
	if lost.Load() < 10 {
		t.Errorf("%d answers were lost, want one for each kind of change", lost.Load())
	}

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.PutSession(ctx, &state.Session{ID: "s"}))
	legacy := &state.Item{Item: media.Item{Name: "legacy.jpg"}, Discovery: state.Completed}
	must(b.PutItems(ctx, "s", item(1), legacy, item(2)))
	legacy.ID, legacy.Name = item(9).ID, "known.jpg"
	must(b.PutItems(ctx, "s", legacy, item(3)))

	want := []string{"GX0000001.MP4", "known.jpg", "GX0000002.MP4", "GX0000003.MP4"}
	n := 0
	for it, err := range b.Items(ctx, "s", state.Query{}) {
		must(err)
		if n >= len(want) || it.Name != want[n] || it.Seq != int64(n+1) {
			t.Errorf("item %d is %s with Seq %d", n, it.Name, it.Seq)
		}
		n++
	}
	counts, err := b.Counts(ctx, "s")
	must(err)
	if n != len(want) || counts.Total != len(want) || counts.Outcomes[state.OutcomePending] != len(want) {
		t.Errorf("%d items, counted %+v", n, counts)
	}
}

// TestOpenUnreachable opens a store that is down: nothing was confirmed that could
// be said to be saved.
func TestOpenUnreachable(t *testing.T) {
	_, err := postgres.Open(t.Context(), "postgres://u:p@127.0.0.1:1/d?sslmode=disable", postgres.Options{Patience: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "unreachable") || strings.Contains(err.Error(), "is saved") {
		t.Errorf("Open: %v, want unreachable and no word of what is saved", err)
	}
}
