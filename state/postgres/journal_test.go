package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// TestJournalIsBounded: each process drops the oldest entries of a journal with
// its first one, and from time to time.
func TestJournalIsBounded(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	for _, id := range []string{"s", "other"} {
		if err := b.PutSession(ctx, state.NewSession(id, media.Window{}, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	const kept = 300
	postgres.KeepInJournals(b, kept)
	appendTo := func(b *postgres.Backend, id string, n int) {
		t.Helper()
		entries := make([]state.JournalEntry, n)
		for i := range entries {
			entries[i].Bytes = int64(i)
		}
		if err := b.Append(ctx, id, entries...); err != nil {
			t.Fatal(err)
		}
	}
	count := func(id string) (n int) {
		t.Helper()
		for _, err := range b.Newest(ctx, id) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	appendTo(b, "other", kept-1)
	appendTo(b, "s", 9000)
	if n := count("s"); n != 9000 {
		t.Errorf("%d entries, want all of them until it is time", n)
	}
	appendTo(b, "s", 2000)
	if n := count("s"); n != kept {
		t.Errorf("%d entries, want the newest %d", n, kept)
	}
	for e := range b.Newest(ctx, "s") {
		if e.Bytes != 1999 {
			t.Errorf("the newest entry is %d, want 1999", e.Bytes)
		}
		break
	}
	appendTo(b, "s", 100)
	next := open(t, db.URI, postgres.Options{})
	postgres.KeepInJournals(next, kept)
	appendTo(next, "s", 1)
	if n, other := count("s"), count("other"); n != kept || other != kept-1 {
		t.Errorf("%d entries, and %d of the other session, want %d and %d", n, other, kept, kept-1)
	}
}

// TestOlderSchemaHasNoJournal: a reader of an older schema finds none; the first
// entry brings it up to date.
func TestOlderSchemaHasNoJournal(t *testing.T) {
	uri, ctx := recorded(t, "v1"), t.Context()
	b := open(t, uri, postgres.Options{Existing: true})
	reader := open(t, uri, postgres.Options{Existing: true})
	for e, err := range b.Newest(ctx, "holidays") {
		t.Errorf("entry %v, %v", e, err)
	}
	if _, _, err := b.Snapshot(ctx, "holidays"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("snapshot: %v", err)
	}
	if err := b.Append(ctx, "holidays", state.JournalEntry{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*postgres.Backend{b, reader} {
		n := 0
		for _, err := range b.Timeline(ctx, "holidays", "k") {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
	}
}

// useJournal makes every call of a journal, of a new session.
func useJournal(t *testing.T, b *postgres.Backend, id string) {
	t.Helper()
	ctx := t.Context()
	for _, err := range []error{
		b.PutSession(ctx, &state.Session{ID: id}),
		b.Append(ctx, id, state.JournalEntry{Key: "k", Stage: state.Create}, state.JournalEntry{}),
		b.PutSnapshot(ctx, id, time.Now(), []byte("{}")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for e, err := range b.Timeline(ctx, id, "k") {
		if err != nil || e.Stage != state.Create {
			t.Errorf("timeline: %v, %v", e, err)
		}
	}
	if _, _, err := b.Snapshot(ctx, id); err != nil {
		t.Error(err)
	}
}
