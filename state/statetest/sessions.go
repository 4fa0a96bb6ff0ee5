package statetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/state"
)

// testRoundTrip writes documents with every field set and reads them as
// another process would.
func testRoundTrip(t *testing.T, h Harness) {
	b := h.open(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		g, id := &filler{t: rt}, fmt.Sprintf("session %d", n)
		s := g.session(id)
		var list []*state.Item
		for i := range rapid.IntRange(1, 3).Draw(rt, "items") {
			list = append(list, g.item(i))
		}
		batch := g.batch(0)
		must(rt, b.PutSession(t.Context(), s))
		must(rt, b.PutItems(t.Context(), id, list...))
		must(rt, b.PutBatch(t.Context(), id, batch))

		other := h.open(t)
		got, err := other.Session(t.Context(), id)
		must(rt, err)
		equal(rt, "session", s, got)
		equal(rt, "items", list, collect(rt, other.Items(t.Context(), id, state.Query{})))
		equal(rt, "batches", []*state.Batch{batch}, collect(rt, other.Batches(t.Context(), id)))
		must(rt, other.Close())
	})
}

func testHeader(t *testing.T, h Harness) {
	b := h.open(t)
	_, err := b.Session(t.Context(), "s")
	wantNotFound(t, "session before it is stored", err)

	before := time.Now().Add(-time.Millisecond)
	s := newSession("s")
	must(t, b.PutSession(t.Context(), s))
	if s.UpdatedAt.Before(before) || s.UpdatedAt.After(time.Now()) || s.UpdatedAt.Location() != time.UTC {
		t.Errorf("UpdatedAt = %v, want now in UTC", s.UpdatedAt)
	}
	first := s.UpdatedAt
	s.Account = "gphotos:1"
	s.Stages[state.Discovery] = state.Running
	must(t, b.PutSession(t.Context(), s))
	if s.UpdatedAt.Before(first) {
		t.Errorf("UpdatedAt went back from %v to %v", first, s.UpdatedAt)
	}
	got, err := b.Session(t.Context(), "s")
	must(t, err)
	equal(t, "header", s, got)

	got.Stages[state.Discovery] = state.Failed
	got.Account = "changed"
	again, err := b.Session(t.Context(), "s")
	must(t, err)
	equal(t, "header after its copy was changed", s, again)
}

func testListing(t *testing.T, h Harness) {
	b := h.open(t)
	if got := collect(t, b.Sessions(t.Context())); len(got) != 0 {
		t.Errorf("an empty store lists %d sessions", len(got))
	}
	for _, id := range []string{"a", "b", "c", "a"} {
		must(t, b.PutSession(t.Context(), newSession(id)))
		time.Sleep(2 * time.Microsecond) // the resolution of UpdatedAt is 1 µs
	}
	var ids []string
	for _, s := range collect(t, h.open(t).Sessions(t.Context())) {
		ids = append(ids, s.ID)
	}
	equal(t, "sessions, latest first", []string{"a", "c", "b"}, ids)
	for range b.Sessions(t.Context()) {
		break // a consumer may stop
	}
}

func testUnknownSession(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	_, err := b.Session(ctx, "other")
	wantNotFound(t, "Session", err)
	wantNotFound(t, "Items", last(b.Items(ctx, "other", state.Query{})))
	_, err = b.Item(ctx, "other", item(1).ID.Key())
	wantNotFound(t, "Item", err)
	_, err = b.ItemNamed(ctx, "other", "a.jpg")
	wantNotFound(t, "ItemNamed", err)
	wantNotFound(t, "PutItems", b.PutItems(ctx, "other", item(1)))
	_, err = b.Counts(ctx, "other")
	wantNotFound(t, "Counts", err)
	wantNotFound(t, "Batches", last(b.Batches(ctx, "other")))
	wantNotFound(t, "PutBatch", b.PutBatch(ctx, "other", &state.Batch{}))
	wantNotFound(t, "DeleteSession", b.DeleteSession(ctx, "other"))
}

func testDeleteSession(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutSession(ctx, newSession("kept")))
	must(t, b.PutItems(ctx, "kept", item(1)))
	must(t, b.PutItems(ctx, "s", items(0, 5)...))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex}))
	entry := state.LedgerEntry{Account: "a", Key: item(1).ID.Key(), DestinationID: "d", Session: "s", At: time.Now().UTC()}
	must(t, b.Record(ctx, entry))

	must(t, b.DeleteSession(ctx, "s"))
	_, err := b.Session(ctx, "s")
	wantNotFound(t, "session after it is deleted", err)
	wantNotFound(t, "items after it is deleted", last(b.Items(ctx, "s", state.Query{})))
	wantNotFound(t, "deleting twice", b.DeleteSession(ctx, "s"))
	if got := collect(t, b.Sessions(ctx)); len(got) != 1 || got[0].ID != "kept" {
		t.Errorf("sessions left: %v", got)
	}
	if got := collect(t, b.Items(ctx, "kept", state.Query{})); len(got) != 1 {
		t.Errorf("the other session has %d items, want 1", len(got))
	}
	got, err := b.Recall(ctx, "a", entry.Key)
	must(t, err)
	equal(t, "ledger entry", &entry, got)

	must(t, b.PutSession(ctx, newSession("s")))
	if got := collect(t, b.Items(ctx, "s", state.Query{})); len(got) != 0 {
		t.Errorf("a new session of the name has %d items", len(got))
	}
	if got := collect(t, b.Batches(ctx, "s")); len(got) != 0 {
		t.Errorf("a new session of the name has %d batches", len(got))
	}
}

// testHostileIDs checks that any text is either a session id like others, kept
// apart from all of them, or refused.
func testHostileIDs(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	ids := []string{
		"", ".", "..", "...", "../x", "/abs", "a/b", "a_b", `a\b`, "con", "NUL.txt", "x.json", "x", "lock", "items",
		"..gondola", ".gondola", "a\x00b", "line\nbreak", "\xff", "ünïcödé 漢字 🚠", strings.Repeat("long", 75), "%2e%2e", "*", "'; --",
	}
	stored := map[string]bool{}
	for _, id := range ids {
		err := b.PutSession(ctx, newSession(id))
		if err == nil {
			err = b.PutItems(ctx, id, &state.Item{Item: item(1).Item, DestinationID: "of " + id})
		}
		if err != nil {
			wantRefused(t, fmt.Sprintf("session id %q", id), err)
			continue
		}
		stored[id] = true
	}
	for _, id := range []string{"x", "con", "ünïcödé 漢字 🚠"} {
		if !stored[id] {
			t.Errorf("session id %q refused", id)
		}
	}
	for id := range stored {
		s, err := b.Session(ctx, id)
		must(t, err)
		if s.ID != id {
			t.Errorf("session %q says that it is %q", id, s.ID)
		}
		if got := collect(t, b.Items(ctx, id, state.Query{})); len(got) != 1 || got[0].DestinationID != "of "+id {
			t.Errorf("session %q has the items of another one", id)
		}
	}
	if got := collect(t, b.Sessions(ctx)); len(got) != len(stored) {
		t.Errorf("%d sessions listed, want %d", len(got), len(stored))
	}
}

func testReopen(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 20)
	must(t, b.PutItems(ctx, "s", list...))
	list[3].Transfer = state.Completed
	must(t, b.PutItems(ctx, "s", list[3]))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex, Status: state.Running}))
	must(t, b.Close())

	b = h.open(t)
	equal(t, "items", list, collect(t, b.Items(ctx, "s", state.Query{})))
	got, err := b.ItemNamed(ctx, "s", list[3].Name)
	must(t, err)
	equal(t, "item by name", list[3], got)
	if n := len(collect(t, b.Items(ctx, "s", state.Query{Awaiting: state.Create}))); n != 1 {
		t.Errorf("%d items await create, want 1", n)
	}
	if got := collect(t, b.Batches(ctx, "s")); len(got) != 1 || got[0].Status != state.Running {
		t.Errorf("batches = %v", got)
	}
	more := item(20)
	must(t, b.PutItems(ctx, "s", more))
	if more.Seq != 21 {
		t.Errorf("the next item has Seq %d, want 21", more.Seq)
	}
}
