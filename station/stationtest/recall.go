package stationtest

import (
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// testRecall asks a destination that is its own ledger for what it holds, by identity
// and by bytes, from another process.
func testRecall(t *testing.T, h Destination) {
	if _, ok := h.Open(t).(station.Recaller); !ok {
		t.Skip("no Recaller")
	}
	d := h.Open(t)
	c := carry(t, d, h.File(1, h.Least+100))
	r := h.Open(t).(station.Recaller)
	if held, err := r.Recall(t.Context(), c.Item); held != nil || err != nil {
		t.Errorf("before it is created: %+v, %v", held, err)
	}
	id := mustCreate(t, d, c)[0]
	held, err := r.Recall(t.Context(), c.Item)
	if err != nil || held == nil || held.ID != id || held.Key != c.Item.LedgerKey() || held.SHA256 != sum(c.Data) ||
		held.Size != int64(len(c.Data)) || held.Version != c.Item.Version {
		t.Errorf("Recall = %+v, %v; want %s", held, err, id)
	}
	other := h.File(2, h.Least+100)
	if held, err := r.Recall(t.Context(), other.Item); held != nil || err != nil {
		t.Errorf("an item that was never carried: %+v, %v", held, err)
	}
	h.recallBytes(t, r, c, id)
	ctx, _ := cancelled(t)
	_, err = r.Recall(ctx, c.Item)
	wantStopped(t, "Recall", err)
}

// recallBytes asks for bytes that are there and for others.
func (h Destination) recallBytes(t *testing.T, r station.Recaller, c carried, id string) {
	t.Helper()
	size := int64(len(c.Data))
	digest := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	if held, err := r.RecallBytes(t.Context(), size, digest(sum(c.Data))); err != nil || held == nil || held.ID != id {
		t.Errorf("RecallBytes = %+v, %v; want %s", held, err, id)
	}
	if held, err := r.RecallBytes(t.Context(), size, digest(sum(nil))); held != nil || err != nil {
		t.Errorf("other bytes of its size are %+v, %v", held, err)
	}
	asked := func() (string, error) {
		t.Error("the digest of a size that is not there is asked for")
		return sum(nil), nil
	}
	if held, err := r.RecallBytes(t.Context(), size+1, asked); held != nil || err != nil {
		t.Errorf("bytes of another size are %+v, %v", held, err)
	}
}

// testLock takes a destination that a single run may carry to.
func testLock(t *testing.T, h Destination) {
	first, ok := h.Open(t).(station.Locker)
	if !ok {
		t.Skip("no Locker")
	}
	unlock, err := first.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := h.Open(t).(station.Locker)
	if _, err := second.Lock(t.Context()); fault.CodeOf(err) != fault.Locked || fault.ClassOf(err) != fault.Session {
		t.Errorf("a second Lock: %v, want a fault of class %s with %s", err, fault.Session, fault.Locked)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if unlock, err = second.Lock(t.Context()); err != nil {
		t.Fatalf("Lock of what was unlocked: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}
