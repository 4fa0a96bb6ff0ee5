package statetest

import (
	"errors"
	"testing"

	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// testCrash lets the process die at its first, second, … change of the store in
// the middle of a run, and looks at what the next process finds: every call
// that returned nil is there, and the one that did not is there or not.
func testCrash(t *testing.T, newHarness func(*testing.T) Harness) {
	if newHarness(t).Break == nil {
		t.Skip("the harness cannot break off")
	}
	crash.Each(t, 4, 500, func(t *testing.T, n int) bool { return crashAt(t, newHarness(t), n) })
}

// crashAt reports whether the run came to its end before the nth change.
func crashAt(t *testing.T, h Harness, n int) bool {
	ctx := t.Context()
	b := h.started(t)
	must(t, b.PutItems(ctx, "s", items(0, 4)...))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex, Status: state.Running}))
	found := &state.Item{Item: media.Item{Name: "legacy.jpg"}, Discovery: state.Completed} // known by name
	must(t, b.PutItems(ctx, "s", found))
	h.Break(b, n)

	found.ID, found.Name = item(9).ID, "known.jpg"
	renamed := item(3)
	renamed.Name = "renamed.MP4"
	carried := items(0, 3)
	for _, it := range carried {
		it.Transfer = state.Completed
	}
	circle := items(0, 3)
	for n, it := range circle {
		it.Transfer, it.Name = state.Completed, item((n+1)%3).Name
	}
	header := newSession("s")
	header.Account = "gphotos:1"
	steps := []struct {
		do    func() error
		there func(state.Backend) bool
	}{
		{func() error { return b.PutItems(ctx, "s", carried...) }, func(b state.Backend) bool { return awaitCreate(t, b) == 3 }},
		{func() error { return b.PutItems(ctx, "s", renamed, item(4)) }, func(b state.Backend) bool {
			return has(t, b, "renamed.MP4") && has(t, b, item(4).Name) && !has(t, b, item(3).Name)
		}},
		{func() error { return b.PutItems(ctx, "s", circle...) }, func(b state.Backend) bool {
			it, err := b.ItemNamed(ctx, "s", circle[0].Name)
			return err == nil && it.ID == circle[0].ID && has(t, b, item(0).Name) && has(t, b, item(2).Name)
		}},
		{func() error { return b.PutItems(ctx, "s", found) }, func(b state.Backend) bool {
			return has(t, b, "known.jpg") && !has(t, b, "legacy.jpg")
		}},
		{func() error { return b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + 1}) }, func(b state.Backend) bool {
			return len(collect(t, b.Batches(ctx, "s"))) >= 1 && hasBatch(t, b, state.FirstBatchIndex+1)
		}},
		{func() error { return b.DeleteBatch(ctx, "s", state.FirstBatchIndex) }, func(b state.Backend) bool {
			return !hasBatch(t, b, state.FirstBatchIndex)
		}},
		{func() error { return b.PutSession(ctx, header) }, func(b state.Backend) bool {
			s, err := b.Session(ctx, "s")
			must(t, err)
			return s.Account == "gphotos:1"
		}},
		{func() error { return b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k"}) }, func(b state.Backend) bool {
			_, err := b.Recall(ctx, "a", "k")
			return err == nil || h.Volatile && errors.Is(err, state.ErrNotFound)
		}},
		{func() error { return b.PutSession(ctx, newSession("new")) }, func(b state.Backend) bool {
			_, err := b.Session(ctx, "new")
			return err == nil
		}},
	}
	acknowledged := 0
	for _, step := range steps {
		if step.do() != nil {
			break
		}
		acknowledged++
	}
	b.Close()

	b = h.open(t)
	for i, step := range steps[:acknowledged] {
		if !step.there(b) {
			t.Errorf("step %d returned nil and is lost", i)
		}
	}
	got := collect(t, b.Items(ctx, "s", state.Query{}))
	seen := map[string]bool{}
	for _, it := range got {
		if seen[it.ID.Key()] {
			t.Errorf("item %s is there twice", it.ID.Key())
		}
		seen[it.ID.Key()] = true
	}
	for _, it := range items(0, 4) {
		if !seen[it.ID.Key()] {
			t.Errorf("item %s is lost", it.ID.Key())
		}
	}
	if has(t, b, "legacy.jpg") == has(t, b, "known.jpg") {
		t.Error("the item that got its identity is there twice, or not at all")
	}
	must(t, b.PutItems(ctx, "s", item(7))) // life goes on
	must(t, b.PutSession(ctx, header))
	return acknowledged == len(steps)
}

func awaitCreate(t *testing.T, b state.Backend) int {
	return len(collect(t, b.Items(t.Context(), "s", state.Query{Awaiting: state.Create})))
}

func has(t *testing.T, b state.Backend, name string) bool {
	_, err := b.ItemNamed(t.Context(), "s", name)
	return err == nil
}

func hasBatch(t *testing.T, b state.Backend, n int) bool {
	for _, batch := range collect(t, b.Batches(t.Context(), "s")) {
		if batch.Index == n {
			return true
		}
	}
	return false
}
