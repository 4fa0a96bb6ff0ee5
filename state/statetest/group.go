package statetest

import (
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// testTogether lets many calls change a session at once, some of which are
// refused: each gets its own answer, and what was confirmed is there.
func testTogether(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", item(0)))
	const each = 8
	var wg sync.WaitGroup
	for n := range each {
		wg.Go(func() {
			thief := item(100 + n)
			thief.Name = item(0).Name
			wantRefused(t, "an item whose name is taken", b.PutItems(ctx, "s", thief))
			nameless := item(200 + n)
			nameless.Name = ""
			wantUnstorable(t, "an item without a name", b.PutItems(ctx, "s", nameless))
		})
		wg.Go(func() {
			it := item(1 + n)
			must(t, b.PutItems(ctx, "s", it))
			it.Carried = int64(n)
			must(t, b.PutItems(ctx, "s", it))
			must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + n}))
		})
		wg.Go(func() {
			header := newSession("s")
			must(t, b.PutSession(ctx, header))
		})
		wg.Go(func() { wantNotFound(t, "PutItems", b.PutItems(ctx, "other", item(n))) })
	}
	wg.Wait()
	for _, b := range []state.Backend{b, h.open(t)} {
		seqs := map[int64]bool{}
		for _, it := range collect(t, b.Items(ctx, "s", state.Query{})) {
			seqs[it.Seq] = true
		}
		if len(seqs) != each+1 || !seqs[1] || !seqs[each+1] {
			t.Errorf("items have the numbers %v, want 1 to %d", seqs, each+1)
		}
		for n := range each {
			it, err := b.Item(ctx, "s", item(1+n).ID.Key())
			must(t, err)
			if it.Carried != int64(n) {
				t.Errorf("item %d: %d bytes carried", n, it.Carried)
			}
		}
		if got := collect(t, b.Batches(ctx, "s")); len(got) != each {
			t.Errorf("%d batches, want %d", len(got), each)
		}
	}
}

// testOneName lets many calls give one name to different items: one gets it.
func testOneName(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	second := b
	if h.Shared {
		second = h.open(t)
	}
	var mu sync.Mutex
	stored := 0
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			it := item(n)
			it.Name = "one.jpg"
			err := []state.Backend{b, second}[n%2].PutItems(ctx, "s", it)
			if err != nil {
				wantRefused(t, "a name that is taken", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			stored++
		})
	}
	wg.Wait()
	got := collect(t, h.open(t).Items(ctx, "s", state.Query{}))
	if stored != 1 || len(got) != 1 {
		t.Errorf("%d calls stored the name, and %d items have it, want 1", stored, len(got))
	}
}
