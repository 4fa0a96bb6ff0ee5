package sqlite_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// listings are the statements that show all there is.
var listings = []string{"SELECT id FROM gondola.sessions WHERE id IS NOT NULL", "FROM gondola.leases ORDER BY session"}

// TestNothingScans asks SQLite how it answers each statement that the backend
// runs: by an index, without sorting, whatever the size of the session.
func TestNothingScans(t *testing.T) {
	b, _ := fresh(t)
	useAll(t, b)
	plans := b.Plans(t)
	if len(plans) < 25 {
		t.Errorf("only %d statements", len(plans))
	}
	for query, plan := range plans {
		listing := false
		for _, l := range listings {
			listing = listing || strings.Contains(query, l)
		}
		for _, step := range plan {
			if strings.Contains(step, "VIRTUAL TABLE") { // of the entries that are given
				continue
			}
			if !listing && (strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")) {
				t.Errorf("%s\n%s", query, strings.Join(plan, "\n"))
			}
		}
		if strings.Contains(query, "AND awaits = ") && !strings.Contains(strings.Join(plan, "\n"), "items_awaits") {
			t.Errorf("%s\ndoes not use the index of what awaits a stage:\n%s", query, strings.Join(plan, "\n"))
		}
		if strings.Contains(query, "AND outcome = ") && !strings.Contains(strings.Join(plan, "\n"), "item_outcome") {
			t.Errorf("%s\ndoes not use the index of outcomes:\n%s", query, strings.Join(plan, "\n"))
		}
		if strings.Contains(query, "(captured, seq)") && !strings.Contains(strings.Join(plan, "\n"), "(captured,seq)") {
			t.Errorf("%s\nreads all that was captured at one time:\n%s", query, strings.Join(plan, "\n"))
		}
		if strings.Contains(query, "ORDER BY captured") && !strings.Contains(strings.Join(plan, "\n"), "item_captured") {
			t.Errorf("%s\ndoes not use the index of capture times:\n%s", query, strings.Join(plan, "\n"))
		}
	}
}

// useAll calls every method.
func useAll(t *testing.T, b *sqlite.Backend) {
	ctx := t.Context()
	lock, err := b.Lock(ctx, "s")
	must(t, err)
	must(t, b.PutSession(ctx, state.NewSession("s", media.Window{}, time.Now())))
	found := &state.Item{Item: media.Item{Name: "legacy.jpg"}, Discovery: state.Completed}
	must(t, b.PutItems(ctx, "s", libraryItem(1), libraryItem(2), found))
	found.ID = libraryItem(3).ID
	one, two := libraryItem(1), libraryItem(2)
	one.Name, two.Name = two.Name, one.Name
	must(t, b.PutItems(ctx, "s", one, two, found))
	sqlite.KeepInJournals(b, 1000)
	must(t, b.Append(ctx, "s", make([]state.JournalEntry, 2500)...))
	must(t, last(b.Timeline(ctx, "s", "")))
	must(t, last(b.Newest(ctx, "s")))
	must(t, b.PutSnapshot(ctx, "s", time.Now(), []byte("{}")))
	_, _, err = b.Snapshot(ctx, "s")
	must(t, err)
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex}))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + 1}))
	for batch, err := range b.Batches(ctx, "s") {
		must(t, err)
		must(t, b.DeleteBatch(ctx, "s", batch.Index))
	}
	for _, stage := range []state.Stage{"", state.Transfer} {
		for it, err := range b.Items(ctx, "s", state.Query{Awaiting: stage}) {
			must(t, err)
			it.Carried++
			must(t, b.PutItems(ctx, "s", it))
		}
	}
	for _, order := range []state.Order{state.BySeq, state.ByName, state.ByCaptured} {
		for _, descending := range []bool{false, true} {
			for _, after := range []int64{0, 1} {
				for _, q := range []state.Query{
					{}, {Awaiting: state.Transfer}, {Outcome: state.OutcomePending}, {Outcome: state.OutcomePending, Awaiting: state.Transfer},
					{Prefix: "G"}, {Captured: media.Window{Start: time.Now()}}, {Captured: media.Window{End: time.Now()}, Outcome: state.OutcomeFailed},
				} {
					q.Order, q.Descending, q.After = order, descending, after
					must(t, last(b.Items(ctx, "s", q)))
				}
			}
		}
	}
	_, err = b.Item(ctx, "s", one.ID.Key())
	must(t, err)
	_, err = b.ItemNamed(ctx, "s", one.Name)
	must(t, err)
	_, err = b.Counts(ctx, "s")
	must(t, err)
	must(t, b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k"}))
	_, err = b.Recall(ctx, "a", "k")
	must(t, err)
	must(t, last(b.Sessions(ctx)))
	must(t, b.DeleteSession(ctx, "s"))
	must(t, lock.Unlock())
	if err := b.DeleteSession(ctx, "s"); !errors.Is(err, state.ErrNotFound) {
		t.Error(err)
	}
}
