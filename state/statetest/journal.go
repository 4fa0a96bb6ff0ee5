package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// journal opens a store with a session "s" that has a journal, or skips the test.
func (h Harness) journal(t *testing.T) (state.Backend, state.Journal) {
	t.Helper()
	b := h.started(t)
	j, ok := b.(state.Journal)
	if !ok {
		t.Skip("the store has no journals")
	}
	return b, j
}

// transition returns the nth entry of a made-up journal.
func transition(n int) state.JournalEntry {
	return state.JournalEntry{
		Key: item(n).ID.Key(), Name: item(n).Name, Stage: state.Transfer, Status: state.Completed,
		At: time.Date(2026, 1, 8, 9, 0, n, 123456000, time.UTC), Bytes: int64(n), Code: "code", Message: fmt.Sprint("message ", n),
	}
}

func transitions(from, to int) (list []state.JournalEntry) {
	for n := from; n < to; n++ {
		list = append(list, transition(n))
	}
	return list
}

// testJournal reads back what has been appended: by item, by stage and from the
// end, here and in another process.
func testJournal(t *testing.T, h Harness) {
	b, j := h.journal(t)
	ctx := t.Context()
	must(t, j.Append(ctx, "s"))
	wantJournal(t, j, nil)
	stage := state.JournalEntry{Stage: state.Discovery, Status: state.Running, At: transition(0).At}
	again := transition(0)
	again.Stage, again.Status, again.Bytes = state.Create, state.Failed, 0
	var all []state.JournalEntry
	for _, entries := range [][]state.JournalEntry{{stage}, transitions(0, 300), {again, stage}, transitions(300, 310)} {
		must(t, j.Append(ctx, "s", entries...))
		all = append(all, entries...)
	}
	must(t, b.PutSession(ctx, newSession("other")))
	must(t, j.Append(ctx, "other", transition(0)))
	must(t, b.PutItems(ctx, "s", item(0)))
	for _, j := range []state.Journal{j, h.open(t).(state.Journal)} {
		wantJournal(t, j, all)
		equal(t, "timeline of an item", []state.JournalEntry{transition(0), again}, collect(t, j.Timeline(ctx, "s", again.Key)))
		equal(t, "timeline of the stages", []state.JournalEntry{stage, stage}, collect(t, j.Timeline(ctx, "s", "")))
		equal(t, "timeline of another item", nil, collect(t, j.Timeline(ctx, "s", item(999).ID.Key())))
		for e := range j.Newest(ctx, "s") {
			equal(t, "newest entry", transition(309), e)
			break
		}
	}
	if got := collect(t, b.Items(ctx, "s", state.Query{})); len(got) != 1 {
		t.Errorf("%d items beside the journal, want 1", len(got))
	}
}

func wantJournal(t *testing.T, j state.Journal, want []state.JournalEntry) {
	t.Helper()
	got := collect(t, j.Newest(t.Context(), "s"))
	slices.Reverse(got)
	equal(t, "journal", want, got)
}

// testHostileEntries appends texts that some stores or formats do not hold.
func testHostileEntries(t *testing.T, h Harness) {
	_, j := h.journal(t)
	ctx := t.Context()
	long := strings.Repeat("é", 1<<20)
	var want []state.JournalEntry
	for n, text := range []string{"nul\x00", "\xff", "line\nbreak", `"quoted" & <tagged> 'one' \ %_`, "漢字 🚠", "\u2028", long, `{"key":"x",`} {
		e := state.JournalEntry{Key: text, Name: text, Stage: state.Stage(text), Status: state.Status(text), Code: text, Message: text, At: transition(n).At}
		must(t, j.Append(ctx, "s", e))
		want = append(want, e.Bounded())
		equal(t, fmt.Sprintf("timeline of key %.20q", text), []state.JournalEntry{e.Bounded()}, collect(t, j.Timeline(ctx, "s", text)))
	}
	for _, at := range []time.Time{{}, time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 8, 9, 0, 0, 999, time.FixedZone("", 3600))} {
		e := state.JournalEntry{Key: "k", At: at, Bytes: -1}
		must(t, j.Append(ctx, "s", e))
		want = append(want, e.Bounded())
	}
	wantJournal(t, j, want)
	for _, e := range want {
		if len(e.Message) > media.MaxText || len(e.Key) > media.MaxText || strings.ContainsRune(e.Name, 0) {
			t.Errorf("an entry is not bounded: %.60q", e.Name)
		}
	}
}

// testSnapshot replaces a snapshot and reads it as another process.
func testSnapshot(t *testing.T, h Harness) {
	_, j := h.journal(t)
	ctx := t.Context()
	at := time.Date(2026, 1, 8, 9, 0, 0, 123456000, time.UTC)
	_, _, err := j.Snapshot(ctx, "s")
	wantNotFound(t, "snapshot before one is put", err)
	large := []byte(`["` + strings.Repeat("x", state.MaxSnapshot-4) + `"]`)
	for n, document := range [][]byte{[]byte(`{"a":[1,"<é>\u0000",null], "b": 1.50}`), large, []byte(`"last"`)} {
		put := at.Add(time.Duration(n) * time.Second)
		must(t, j.PutSnapshot(ctx, "s", put.In(time.FixedZone("", 3600)), document))
		got, when, err := h.open(t).(state.Journal).Snapshot(ctx, "s")
		must(t, err)
		if !sameJSON(got, document) || !when.Equal(put) || when.Location() != time.UTC {
			t.Errorf("snapshot %d = %.80s of %v, want %.80s of %v", n, got, when, document, put)
		}
	}
	for what, document := range map[string][]byte{"no JSON": []byte("{"), "nothing": nil, "64 KiB and a byte": bytes.Repeat([]byte(" "), 64<<10+1)} {
		wantRefused(t, "a snapshot of "+what, j.PutSnapshot(ctx, "s", at, document))
	}
	got, _, err := j.Snapshot(ctx, "s")
	if must(t, err); string(got) != `"last"` {
		t.Errorf("a refused snapshot replaced the last one: %s", got)
	}
}

// testJournalEnds checks that a journal is that of a stored session, and goes
// with it.
func testJournalEnds(t *testing.T, h Harness) {
	b, j := h.journal(t)
	ctx := t.Context()
	must(t, b.PutItems(ctx, "s", item(0)))
	must(t, j.Append(ctx, "s", transition(0)))
	must(t, j.PutSnapshot(ctx, "s", time.Now(), []byte(`{}`)))
	must(t, b.DeleteSession(ctx, "s"))
	for _, id := range []string{"s", "other"} {
		wantNotFound(t, "Append", j.Append(ctx, id, transition(0)))
		wantNotFound(t, "Timeline", last(j.Timeline(ctx, id, transition(0).Key)))
		wantNotFound(t, "Newest", last(j.Newest(ctx, id)))
		wantNotFound(t, "PutSnapshot", j.PutSnapshot(ctx, id, time.Now(), []byte(`{}`)))
		_, _, err := j.Snapshot(ctx, id)
		wantNotFound(t, "Snapshot", err)
	}
	must(t, b.PutSession(ctx, newSession("s")))
	wantJournal(t, j, nil)
	_, _, err := j.Snapshot(ctx, "s")
	wantNotFound(t, "the snapshot of a session that was deleted", err)

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	must(t, b.Close())
	for what, err := range map[string]error{
		"Append": j.Append(ctx, "s", transition(0)), "PutSnapshot": j.PutSnapshot(ctx, "s", time.Now(), []byte(`{}`)), "Newest": last(j.Newest(ctx, "s")),
	} {
		wantRefused(t, what+" after Close", err)
	}
	open := h.open(t).(state.Journal)
	for what, err := range map[string]error{
		"Append": open.Append(cancelled, "s", transition(0)), "PutSnapshot": open.PutSnapshot(cancelled, "s", time.Now(), []byte(`{}`)),
		"Timeline": last(open.Timeline(cancelled, "s", "")),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s when cancelled: %v", what, err)
		}
	}
}

// testJournalCost compares the cost of a second's entries in a short and in a
// longer journal, and appends from several goroutines.
func testJournalCost(t *testing.T, h Harness) {
	_, j := h.journal(t)
	ctx := t.Context()
	costOf := func(from int) Cost {
		if h.Cost == nil {
			return Cost{}
		}
		before := h.Cost()
		must(t, j.Append(ctx, "s", transitions(from, from+60)...))
		must(t, j.PutSnapshot(ctx, "s", time.Now(), []byte(`{"items":1}`)))
		after := h.Cost()
		return Cost{Writes: after.Writes - before.Writes, Bytes: after.Bytes - before.Bytes}
	}
	small := costOf(0)
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				from := 1000*(w+1) + 20*n
				if err := j.Append(ctx, "s", transitions(from, from+20)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	big := costOf(100)
	if h.Cost != nil && small.Writes == 0 {
		t.Error("the harness does not count what a journal costs")
	}
	if big.Writes > small.Writes || big.Bytes > 4*small.Bytes {
		t.Errorf("a second's entries cost %+v after 1,000 entries, and %+v before", big, small)
	}
	newest := map[int]int64{} // by writer: entries of one come in order
	n := 0
	for e, err := range j.Newest(ctx, "s") {
		must(t, err)
		if n++; e.Bytes < 1000 {
			continue
		}
		w := int(e.Bytes / 1000)
		if at, seen := newest[w]; seen && e.Bytes != at-1 {
			t.Fatalf("entry %d of a writer comes after %d, backwards", e.Bytes, at)
		}
		newest[w] = e.Bytes
	}
	if want := writers*each*20 + 120; h.Cost != nil && n != want {
		t.Errorf("%d entries, want %d", n, want)
	}
}

// testJournalLease appends on behalf of a session that another process has taken
// over: an entry is refused if an item is.
func testJournalLease(t *testing.T, h Harness) {
	if h.Expire == nil {
		t.Skip("locks do not run out")
	}
	b, j := h.journal(t)
	ctx := t.Context()
	_, err := b.Lock(ctx, "s")
	must(t, err)
	must(t, j.Append(ctx, "s", transition(0)))
	h.Expire(t)
	second := h.open(t)
	_, err = second.Lock(ctx, "s")
	must(t, err)
	if b.PutItems(ctx, "s", item(1)) == nil {
		t.Skip("this store knows only by time")
	}
	if err := j.Append(ctx, "s", transition(1)); fault.ClassOf(err) != fault.Session {
		t.Errorf("Append after the lock was lost: %v", err)
	}
	if err := j.PutSnapshot(ctx, "s", time.Now(), []byte(`{}`)); fault.ClassOf(err) != fault.Session {
		t.Errorf("PutSnapshot after the lock was lost: %v", err)
	}
	wantJournal(t, second.(state.Journal), transitions(0, 1))
}
