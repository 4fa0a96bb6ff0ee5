package statetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// testInterruptedDelete lets the process die at each change that deleting a
// session makes: deleting it again leaves nothing of it.
func testInterruptedDelete(t *testing.T, newHarness func(*testing.T) Harness) {
	if h := newHarness(t); h.Break == nil || h.Left == nil {
		t.Skip("the harness cannot break off, or not count what is left")
	}
	for n, more := 1, true; more; n++ {
		more = false
		t.Run(fmt.Sprint(n), func(t *testing.T) { more = deleteUntil(t, newHarness(t), n) != nil && !t.Failed() })
	}
}

// deleteUntil lets a deletion die at its nth change and returns its error, nil if
// it has fewer.
func deleteUntil(t *testing.T, h Harness, n int) error {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", items(0, 3)...))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex}))
	if got := h.Left(t); got != 4 {
		t.Fatalf("the store holds %d items and batches, want 4", got)
	}
	h.Break(b, n)
	err := b.DeleteSession(ctx, "s")
	if h.Expire != nil {
		h.Expire(t)
	} else {
		b.Close()
	}
	second := h.open(t)
	left := h.Left(t)
	_, there := second.Session(ctx, "s")
	switch again := second.DeleteSession(ctx, "s"); {
	case again != nil && !errors.Is(again, state.ErrNotFound):
		t.Fatal(again)
	case again != nil && there == nil:
		t.Errorf("a session that is there cannot be deleted: %v", again)
	}
	if got := h.Left(t); got != 0 {
		t.Errorf("of %d items and batches, %d stay for ever", left, got)
	}
	wantNotFound(t, "deleting what is gone", second.DeleteSession(ctx, "s"))
	return err
}
