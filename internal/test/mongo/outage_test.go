package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

func item(n int) *state.Item {
	it := &state.Item{Discovery: state.Completed}
	it.ID = media.ID{Station: "gopro", Medium: fmt.Sprintf("medium%04d", n), Part: 1, Label: "source"}
	it.Name = fmt.Sprintf("GX%06d.MP4", n)
	return it
}

func names(t testing.TB, b state.Backend, session string) (list []string) {
	t.Helper()
	for _, it := range collect(t, b.Items(t.Context(), session, state.Query{})) {
		list = append(list, it.Name)
	}
	return list
}

func start(t testing.TB, b state.Backend) {
	t.Helper()
	if err := b.PutSession(t.Context(), state.NewSession("s", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
}

// attempt is how long the driver tries to reach a server: long enough for a busy
// machine that has one.
const attempt = "&serverSelectionTimeoutMS=2000"

// TestLineCut cuts the line in the middle of a run and mends it when two attempts
// were in vain.
func TestLineCut(t *testing.T) {
	t.Parallel()
	db, p := newDatabase(t), newProxy(t)
	var mu sync.Mutex
	var waits []fault.Wait
	b := open(t, db.at(p.host())+attempt, mongo.Options{OnWait: func(w fault.Wait) {
		mu.Lock()
		defer mu.Unlock()
		if waits = append(waits, w); len(waits) == 2 {
			p.setCut(false)
		}
	}})
	start(t, b)
	if _, err := b.Lock(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if err := b.PutItems(t.Context(), "s", item(1)); err != nil {
		t.Fatal(err)
	}
	p.setCut(true)
	if err := b.PutItems(t.Context(), "s", item(1), item(2)); err != nil {
		t.Fatal(err)
	}
	want(t, "items", []string{item(1).Name, item(2).Name}, names(t, b, "s"))
	mu.Lock()
	defer mu.Unlock()
	if len(waits) < 2 || !strings.Contains(waits[0].Reason, "unreachable") || !waits[0].Until.After(time.Now().Add(-time.Minute)) {
		t.Errorf("told of waits: %+v", waits)
	}
}

func TestLineStaysCut(t *testing.T) {
	t.Parallel()
	db, p := newDatabase(t), newProxy(t)
	const patience = 6 * time.Second
	b := open(t, db.at(p.host())+attempt, mongo.Options{Patience: patience})
	start(t, b)
	p.setCut(true)
	began := time.Now()
	err := b.PutItems(t.Context(), "s", item(1))
	if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "everything confirmed so far is saved") {
		t.Errorf("PutItems = %v", err)
	}
	if took := time.Since(began); took < patience/2 || took > 3*patience {
		t.Errorf("it gave up after %v", took)
	}
	// The next calls know that already, until the server is back.
	began = time.Now()
	if _, err := b.Session(t.Context(), "s"); fault.CodeOf(err) != fault.State {
		t.Errorf("Session = %v", err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("it waited for %v once more", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.PutItems(ctx, "s", item(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("PutItems when its context ends: %v", err)
	}
	p.setCut(false)
	if err := b.PutItems(t.Context(), "s", item(1)); err != nil {
		t.Errorf("back again: %v", err)
	}
}

// TestAnswerLost loses the answer to each change in turn, after the server has
// made it: made again, it is there once.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	db, p := newDatabase(t), newProxy(t)
	ctx := t.Context()
	b := open(t, db.at(p.host()), mongo.Options{})
	start(t, b)
	lock, err := b.Lock(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { lock.Unlock() }()
	for n := 1; n <= 3; n++ {
		p.cutAfter(1)
		fresh, other := item(2*n), item(2*n+1)
		if err := b.PutItems(ctx, "s", fresh, other); err != nil {
			t.Fatal(err)
		}
		p.cutAfter(1)
		fresh.Name, other.Name = other.Name, fresh.Name
		if err := b.PutItems(ctx, "s", fresh, other); err != nil {
			t.Fatal(err)
		}
		p.cutAfter(1)
		if err := b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + n}); err != nil {
			t.Fatal(err)
		}
		p.cutAfter(1)
		if err := b.Record(ctx, state.LedgerEntry{Account: "a", Key: fresh.ID.Key(), DestinationID: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		p.cutAfter(1)
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		p.cutAfter(1)
		if lock, err = b.Lock(ctx, "s"); err != nil {
			t.Fatal(err)
		}
	}
	p.cutAfter(1)
	start(t, b)
	want(t, "items", []string{item(3).Name, item(2).Name, item(5).Name, item(4).Name, item(7).Name, item(6).Name}, names(t, b, "s"))
	if got := collect(t, b.Batches(ctx, "s")); len(got) != 3 {
		t.Errorf("%d batches, want 3", len(got))
	}
	if n, err := db.Collection("gondola_ledger").CountDocuments(ctx, map[string]any{}); err != nil || n != 3 {
		t.Errorf("%d ledger entries, %v; want 3", n, err)
	}
	p.cutAfter(1)
	if err := b.DeleteSession(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	p.cutAfter(1)
	second, err := b.Lock(ctx, "other") // the taking is not taken for another's
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Unlock(); err != nil {
		t.Fatal(err)
	}
}

var all = state.Query{}

// itemsNamed returns an item for each letter.
func itemsNamed(letters string) (items []*state.Item) {
	for i, r := range letters {
		it := item(i)
		it.Name = string(r)
		items = append(items, it)
	}
	return items
}
