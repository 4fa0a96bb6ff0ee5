package statetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

func testConcurrent(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	const writers, each = 4, 12
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				it := item(w*each + n)
				for _, status := range []state.Status{state.Pending, state.Completed} {
					it.Transfer = status
					if err := b.PutItems(ctx, "s", it); err != nil {
						t.Error(err)
					}
				}
				if err := b.Record(ctx, state.LedgerEntry{Account: "a", Key: it.ID.Key()}); err != nil {
					t.Error(err)
				}
				if err := b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + w*each + n}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for n := range each {
				after := int64(0)
				for it, err := range b.Items(ctx, "s", state.Query{}) {
					if err != nil || it.Seq <= after {
						t.Errorf("item after %d: %v, %v", after, it, err)
						return
					}
					after = it.Seq
				}
				if _, err := b.Counts(ctx, "s"); err != nil {
					t.Error(err)
				}
				if err := last(b.Batches(ctx, "s")); err != nil {
					t.Error(err)
				}
				if err := b.PutSession(ctx, newSession(fmt.Sprint("other", n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := collect(t, b.Items(ctx, "s", state.Query{Awaiting: state.Create})); len(got) != writers*each {
		t.Errorf("%d items await create, want %d", len(got), writers*each)
	}
	for n := range writers * each {
		if _, err := b.Recall(ctx, "a", item(n).ID.Key()); err != nil {
			t.Errorf("Recall of item %d: %v", n, err)
		}
	}
	if got := collect(t, h.open(t).Batches(ctx, "s")); len(got) != writers*each {
		t.Errorf("%d batches, want %d", len(got), writers*each)
	}
}

// testLarge compares the cost of one change in a small and in a large session.
func testLarge(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	large := h.most(5000)
	costOfOne := func(n int) Cost {
		it, err := b.Item(ctx, "s", item(n).ID.Key())
		must(t, err)
		before := Cost{}
		if h.Cost != nil {
			before = h.Cost()
		}
		it.Transfer = state.Completed
		must(t, b.PutItems(ctx, "s", it))
		if h.Cost == nil {
			return Cost{}
		}
		after := h.Cost()
		return Cost{Writes: after.Writes - before.Writes, Bytes: after.Bytes - before.Bytes}
	}
	must(t, b.PutItems(ctx, "s", items(0, 10)...))
	small := costOfOne(1)
	for from := 10; from < large; from += 1000 {
		must(t, b.PutItems(ctx, "s", items(from, min(from+1000, large))...))
	}
	big := costOfOne(large - 1)
	if big.Writes > small.Writes || big.Bytes > 2*small.Bytes {
		t.Errorf("one change costs %+v among %d items, and %+v among 10", big, large, small)
	}
	if h.Cost != nil && (small.Writes == 0 || small.Bytes == 0) {
		t.Errorf("one change costs %+v: the harness does not count", small)
	}
	b = h.open(t)
	counts, err := b.Counts(ctx, "s")
	must(t, err)
	if counts.Total != large {
		t.Errorf("%d items, want %d", counts.Total, large)
	}
	if got := collect(t, b.Items(ctx, "s", state.Query{Awaiting: state.Create})); len(got) != 2 {
		t.Errorf("%d items await create, want 2", len(got))
	}
}
