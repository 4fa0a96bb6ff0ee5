package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// journalOf returns the nth to mth entries of a journal.
func journalOf(from, to int) (list []state.JournalEntry) {
	for n := from; n < to; n++ {
		it := libraryItem(n)
		list = append(list, state.JournalEntry{
			Key: it.ID.Key(), Name: it.Name, Stage: state.Transfer, Status: state.Completed, At: it.CapturedAt, Bytes: int64(n),
		})
	}
	return list
}

// TestJournalIsBounded: the newest entries are kept, of each session for itself.
func TestJournalIsBounded(t *testing.T) {
	b, _ := fresh(t)
	ctx := t.Context()
	load(t, b, 0, 1)
	must(t, b.PutSession(ctx, state.NewSession("other", media.Window{}, time.Now())))
	must(t, b.Append(ctx, "other", journalOf(0, 1)...))
	const kept, piece = 2000, 70
	sqlite.KeepInJournals(b, kept)
	for from := 0; from < 10_000; from += piece {
		must(t, b.Append(ctx, "s", journalOf(from, from+piece)...))
		if n := b.Number(t, "SELECT count(*) FROM journal"); n > kept+1000+piece+1 {
			t.Fatalf("%d entries are kept, with a limit of %d", n, kept)
		}
	}
	n := int64(10_009)
	for e, err := range b.Newest(ctx, "s") {
		must(t, err)
		if e.Bytes != n {
			t.Fatalf("entry %d, want %d", e.Bytes, n)
		}
		n--
	}
	if 10_009-n < kept {
		t.Errorf("%d entries are kept, want at least %d", 10_009-n, kept)
	}
	if got := b.Number(t, "SELECT count(*) FROM journal WHERE session = (SELECT num FROM sessions WHERE id = 'other')"); got != 1 {
		t.Errorf("%d entries of the other session, want 1", got)
	}
}

// TestOnlyTheJournalIsUnsynced: after an entry, commits wait for the disk again.
func TestOnlyTheJournalIsUnsynced(t *testing.T) {
	b, _ := fresh(t)
	ctx := t.Context()
	load(t, b, 0, 1)
	var during []int64
	sqlite.Watch(b, func(sql string) error {
		if sql == "COMMIT" {
			during = append(during, sqlite.Synchronous(t, b))
		}
		return nil
	})
	must(t, b.Append(ctx, "s", journalOf(0, 1)...))
	must(t, b.PutSnapshot(ctx, "s", time.Now(), []byte("{}")))
	if err := b.Append(ctx, "nowhere", journalOf(0, 1)...); err == nil {
		t.Error("a session that is not there has a journal")
	}
	must(t, b.PutItems(ctx, "s", libraryItem(2)))
	const normal, full = 1, 2
	wantEqual(t, "PRAGMA synchronous at each commit", []int64{normal, normal, full}, during)
}

// TestDeletedJournal: a deletion leaves no rows of a long journal.
func TestDeletedJournal(t *testing.T) {
	b, _ := fresh(t)
	load(t, b, 0, 1)
	must(t, b.Append(t.Context(), "s", journalOf(0, 3000)...))
	must(t, b.PutSnapshot(t.Context(), "s", time.Now(), []byte("{}")))
	must(t, b.DeleteSession(t.Context(), "s"))
	if n := b.Number(t, "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM snapshots)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestOlderSchemaHasNoJournal: a reader of an older schema finds none; the first
// entry brings it up to date.
func TestOlderSchemaHasNoJournal(t *testing.T) {
	path, ctx := recorded(t, "v1"), t.Context()
	b, err := sqlite.Open(ctx, path, sqlite.Options{Existing: true})
	must(t, err)
	defer b.Close()
	for e, err := range b.Newest(ctx, "holidays") {
		t.Errorf("entry %v, %v", e, err)
	}
	if _, _, err := b.Snapshot(ctx, "holidays"); err != state.ErrNotFound {
		t.Errorf("snapshot: %v", err)
	}
	must(t, b.Append(ctx, "holidays", journalOf(0, 1)...))
	n := 0
	for _, err := range b.Timeline(ctx, "holidays", libraryItem(0).ID.Key()) {
		must(t, err)
		n++
	}
	if n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

// BenchmarkJournal measures what a second of a run costs, in small and large
// sessions that have a journal of two entries for each item.
func BenchmarkJournal(b *testing.B) {
	for _, size := range []int{10, 1_000_000} {
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) {
			ctx := b.Context()
			store := open(b, filepath.Join(b.TempDir(), "gondola.db"))
			defer store.Close()
			load(b, store, 0, size)
			for pass := range 2 {
				for from := 0; from < size; from += 500 {
					if err := store.Append(ctx, "s", journalOf(from, min(from+500, size))...); err != nil {
						b.Fatalf("pass %d: %v", pass, err)
					}
				}
			}
			snapshot := make([]byte, 16<<10) // some 60 items in flight
			for i := range snapshot {
				snapshot[i] = "1"[0]
			}
			n := 0
			for b.Loop() {
				var entries []state.JournalEntry
				for range 60 {
					n++
					entries = append(entries, journalOf(n*7919%size, n*7919%size+1)...)
				}
				if err := store.Append(ctx, "s", entries...); err != nil {
					b.Fatal(err)
				}
				if err := store.PutSnapshot(ctx, "s", time.Now(), snapshot); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
