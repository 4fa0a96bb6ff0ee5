package statetest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/state"
)

func testBatches(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	if got := collect(t, b.Batches(ctx, "s")); len(got) != 0 {
		t.Errorf("a new session has %d batches", len(got))
	}
	must(t, b.DeleteBatch(ctx, "s", state.FirstBatchIndex))
	for _, n := range []int{10, 9, 100, 11} {
		must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + n, Status: state.Running, FileNames: []string{"a.jpg"}}))
	}
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + 9, Status: state.Completed, Responses: []string{"{}"}}))
	must(t, b.DeleteBatch(ctx, "s", state.FirstBatchIndex+11))
	want := []*state.Batch{
		{Index: state.FirstBatchIndex + 9, Status: state.Completed, Responses: []string{"{}"}},
		{Index: state.FirstBatchIndex + 10, Status: state.Running, FileNames: []string{"a.jpg"}},
		{Index: state.FirstBatchIndex + 100, Status: state.Running, FileNames: []string{"a.jpg"}},
	}
	equal(t, "batches", want, collect(t, b.Batches(ctx, "s")))
	equal(t, "batches reopened", want, collect(t, h.open(t).Batches(ctx, "s")))
	for batch, err := range b.Batches(ctx, "s") {
		must(t, err)
		must(t, b.DeleteBatch(ctx, "s", batch.Index))
	}
	if got := collect(t, b.Batches(ctx, "s")); len(got) != 0 {
		t.Errorf("%d batches left", len(got))
	}
}

func testLedger(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	_, err := b.Recall(ctx, "a", "k")
	wantNotFound(t, "Recall from an empty ledger", err)
	must(t, b.Record(ctx))
	at := time.Date(2026, 1, 8, 9, 0, 0, 5, time.UTC)
	entry := func(account, key, id string) state.LedgerEntry {
		return state.LedgerEntry{Account: account, Key: key, DestinationID: id, SHA256: "ab", Size: 7, Session: "s", At: at}
	}
	other := b
	if !h.Volatile {
		other = h.open(t)
		_, err := other.Recall(ctx, "a", "k")
		wantNotFound(t, "Recall from an empty ledger elsewhere", err)
	}
	must(t, b.Record(ctx, entry("a", "k", "1"), entry("b", "k", "2"), entry("a", "é/1", "3")))
	must(t, other.Record(ctx, entry("a", "k", "4"), entry("a", "k", "5")))
	for _, b := range []state.Backend{b, other} {
		for _, want := range []state.LedgerEntry{entry("a", "k", "5"), entry("b", "k", "2"), entry("a", "é/1", "3")} {
			got, err := b.Recall(ctx, want.Account, want.Key)
			must(t, err)
			equal(t, "entry", &want, got)
		}
		_, err = b.Recall(ctx, "b", "é/1")
		wantNotFound(t, "Recall for another account", err)
	}
	testGone(t, b, other, entry)
	if h.Volatile {
		return
	}
	got, err := h.open(t).Recall(ctx, "a", "k")
	must(t, err)
	if got.DestinationID != "5" {
		t.Errorf("reopened, the entry is %q, want the latest", got.DestinationID)
	}
}

// testGone takes back entries of accounts "a" and "b" for "k" and puts the
// latter in again.
func testGone(t *testing.T, b, other state.Backend, entry func(account, key, id string) state.LedgerEntry) {
	t.Helper()
	ctx := t.Context()
	gone := func(account string) state.LedgerEntry {
		e := entry(account, "k", "5")
		e.Gone = true
		return e
	}
	must(t, b.Record(ctx, gone("a"), gone("b")))
	must(t, b.Record(ctx, entry("b", "k", "6")))
	for _, b := range []state.Backend{b, other} {
		_, err := b.Recall(ctx, "a", "k")
		wantNotFound(t, "Recall of what is gone", err)
		got, err := b.Recall(ctx, "b", "k")
		must(t, err)
		if got.DestinationID != "6" || got.Gone {
			t.Errorf("recorded after it was gone: %+v", got)
		}
		if _, err := b.Recall(ctx, "a", "é/1"); err != nil {
			t.Errorf("Recall of another item: %v", err)
		}
	}
	must(t, other.Record(ctx, entry("a", "k", "5")))
}

func testLocks(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	lock, err := b.Lock(ctx, "s") // not stored yet
	must(t, err)
	second := b
	if !h.Volatile {
		second = h.open(t)
	}
	wantLocked(t, second)
	wantLocked(t, b)
	if other, err := second.Lock(ctx, "other"); err != nil {
		t.Errorf("another session: %v", err)
	} else {
		must(t, other.Unlock())
	}

	must(t, b.PutSession(ctx, newSession("s")))
	must(t, b.PutItems(ctx, "s", item(0)))
	if got := collect(t, second.Items(ctx, "s", state.Query{})); len(got) != 1 {
		t.Errorf("reading a locked session: %d items, want 1", len(got))
	}
	if second != b {
		if err := second.DeleteSession(ctx, "s"); !isLocked(err) {
			t.Errorf("another process deletes a locked session: %v", err)
		}
	}
	must(t, lock.Unlock())
	must(t, lock.Unlock())

	lock, err = second.Lock(ctx, "s")
	must(t, err)
	must(t, second.DeleteSession(ctx, "s"))
	wantLocked(t, b)
	must(t, second.PutSession(ctx, newSession("s")))
	must(t, second.PutItems(ctx, "s", item(0)))
	it := item(1)
	must(t, second.PutItems(ctx, "s", it))
	wantLocked(t, b)
	must(t, lock.Unlock())

	_, err = b.Lock(ctx, "s")
	must(t, err)
	if got := collect(t, b.Items(ctx, "s", state.Query{})); len(got) != 2 {
		t.Errorf("after another one wrote: %d items, want 2", len(got))
	}
	if h.Volatile {
		return
	}
	must(t, b.Close()) // with the lock held
	lock, err = second.Lock(ctx, "s")
	must(t, err)
	must(t, lock.Unlock())
}

// testTakeover lets the holder of a session die, as far as the store can tell,
// and another one go on with it.
func testTakeover(t *testing.T, h Harness) {
	if h.Break == nil || h.Expire == nil {
		t.Skip("locks do not run out")
	}
	b, ctx := h.started(t), t.Context()
	_, err := b.Lock(ctx, "s")
	must(t, err)
	must(t, b.PutItems(ctx, "s", item(0)))
	h.Break(b, 1)

	second := h.open(t)
	wantLocked(t, second)
	h.Expire(t)
	lock, err := second.Lock(ctx, "s")
	must(t, err)
	must(t, second.PutItems(ctx, "s", item(1)))
	if err := b.PutItems(ctx, "s", item(2)); err == nil {
		t.Error("the holder that lost the session changed it")
	}
	must(t, lock.Unlock())
}

// testWrongClock takes a session whose lock ends in the year 2099: it ends soon
// after it was first seen.
func testWrongClock(t *testing.T, h Harness) {
	if h.Break == nil || h.Expire == nil || h.Misset == nil {
		t.Skip("locks do not run out")
	}
	b, ctx := h.started(t), t.Context()
	_, err := b.Lock(ctx, "s")
	must(t, err)
	h.Break(b, 1)
	h.Misset(t)
	second := h.open(t)
	var ends []time.Time
	for range 2 {
		_, err = second.Lock(ctx, "s")
		locked, ok := errors.AsType[*state.LockedError](err)
		if !ok {
			t.Fatalf("Lock of a locked session: %v", err)
		}
		if left := time.Until(locked.Until); left > 2*time.Hour || left < -2*time.Hour {
			t.Errorf("the lock ends in %v", left)
		}
		if !strings.Contains(locked.Error(), locked.Until.UTC().Format(time.RFC3339)) {
			t.Errorf("%v does not say when the lock ends", locked)
		}
		ends = append(ends, locked.Until)
	}
	if !ends[0].Equal(ends[1]) {
		t.Errorf("seen again, the lock ends at %v and not at %v: it would never end", ends[1], ends[0])
	}
	h.Expire(t)
	lock, err := second.Lock(ctx, "s")
	must(t, err)
	must(t, lock.Unlock())
}

func wantLocked(t *testing.T, b state.Backend) {
	t.Helper()
	_, err := b.Lock(t.Context(), "s")
	locked, ok := errors.AsType[*state.LockedError](err)
	if !ok {
		t.Fatalf("Lock of a locked session: %v", err)
	}
	host, _ := os.Hostname()
	if locked.Session != "s" || locked.PID != os.Getpid() || locked.Host != host || time.Since(locked.Since) > time.Hour {
		t.Errorf("held by %+v, want this process", locked)
	}
}

// calls are all methods that can fail, on a store with session "s".
func calls(ctx context.Context, b state.Backend) map[string]error {
	_, session := b.Session(ctx, "s")
	_, byKey := b.Item(ctx, "s", item(0).ID.Key())
	_, byName := b.ItemNamed(ctx, "s", item(0).Name)
	_, counts := b.Counts(ctx, "s")
	_, recall := b.Recall(ctx, "a", "k")
	_, lock := b.Lock(ctx, "s")
	return map[string]error{
		"Session": session, "Item": byKey, "ItemNamed": byName, "Counts": counts, "Recall": recall, "Lock": lock,
		"PutSession":    b.PutSession(ctx, newSession("s")),
		"Sessions":      last(b.Sessions(ctx)),
		"Items":         last(b.Items(ctx, "s", state.Query{})),
		"PutItems":      b.PutItems(ctx, "s", item(9)),
		"Batches":       last(b.Batches(ctx, "s")),
		"PutBatch":      b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex}),
		"DeleteBatch":   b.DeleteBatch(ctx, "s", 1),
		"Record":        b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k"}),
		"DeleteSession": b.DeleteSession(ctx, "s"),
	}
}

func testCancelled(t *testing.T, h Harness) {
	b := h.started(t)
	must(t, b.PutItems(t.Context(), "s", items(0, 3)...))
	ctx, cancel := context.WithCancel(t.Context())
	for _, err := range b.Items(ctx, "s", state.Query{}) {
		must(t, err)
		break
	}
	cancel()
	for name, err := range calls(ctx, b) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
	}
	if got := collect(t, b.Items(t.Context(), "s", state.Query{})); len(got) != 3 {
		t.Errorf("%d items left, want 3", len(got))
	}
}

func testClosed(t *testing.T, h Harness) {
	b := h.started(t)
	must(t, b.Close())
	for name, err := range calls(t.Context(), b) {
		wantRefused(t, name+" when closed", err)
		if !errors.Is(err, state.ErrClosed) {
			t.Errorf("%s when closed: %v, want ErrClosed", name, err)
		}
	}
	must(t, b.Close())
}
