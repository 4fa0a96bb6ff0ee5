package statetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func workItem(n int) *state.Item {
	it := &state.Item{Discovery: state.Completed}
	it.ID, it.Name = media.ID{Station: "gopro", Medium: strconv.Itoa(n), Part: 1}, fmt.Sprintf("%d.jpg", n)
	return it
}

// Work runs a session of b until it fails or its process is killed, and writes a
// line after each item that has been stored, recorded and batched.
func Work(ctx context.Context, b state.Backend, session string, durable io.Writer) error {
	if _, err := b.Lock(ctx, session); err != nil {
		return err
	}
	s := state.NewSession(session, media.Window{}, time.Now())
	if err := b.PutSession(ctx, s); err != nil {
		return err
	}
	for n := 0; ; n++ {
		it := workItem(n)
		err := errors.Join(
			b.PutItems(ctx, session, it),
			b.PutBatch(ctx, session, &state.Batch{Index: state.FirstBatchIndex + n, FileNames: []string{it.Name}}),
			b.Record(ctx, state.LedgerEntry{Account: session, Key: it.ID.Key(), DestinationID: it.Name}),
			b.PutSession(ctx, s))
		if err != nil {
			return err
		}
		fmt.Fprintln(durable, n)
	}
}

// WantWork takes over the session of a process that was killed in [Work] and fails
// unless the items that were durable are there.
func WantWork(t *testing.T, b state.Backend, session string, durable int) {
	t.Helper()
	ctx := t.Context()
	lock, err := b.Lock(ctx, session)
	if err != nil {
		t.Fatalf("the lock of a dead process: %v", err)
	}
	defer lock.Unlock()
	if batches := len(collect(t, b.Batches(ctx, session))); batches < durable {
		t.Errorf("%d batches, want at least %d", batches, durable)
	}
	for n := range durable {
		want := workItem(n)
		if it, err := b.Item(ctx, session, want.ID.Key()); err != nil || it.Seq != int64(n+1) {
			t.Errorf("item %d: %v, %v", n, it, err)
		}
		if e, err := b.Recall(ctx, session, want.ID.Key()); err != nil || e.DestinationID != want.Name {
			t.Errorf("ledger entry %d: %v, %v", n, e, err)
		}
	}
}

// WantLockedBy fails unless a running process holds the session and it cannot be
// deleted.
func WantLockedBy(t *testing.T, b state.Backend, session string, pid int) {
	t.Helper()
	_, err := b.Lock(t.Context(), session)
	if locked, ok := errors.AsType[*state.LockedError](err); !ok || locked.PID != pid {
		t.Errorf("Lock while process %d works = %v", pid, err)
	}
	if err := b.DeleteSession(t.Context(), session); err == nil {
		t.Error("a running session was deleted")
	}
}
