package gondola_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// watchful is a memoryLibrary that counts the entries of create calls that have
// the content of another entry of the same call.
type watchful struct {
	*memoryLibrary
	doubled int
	fullest int
}

func (l *watchful) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	seen := map[string]bool{}
	for _, e := range b.Entries {
		if seen[e.Receipt.SHA256] {
			l.doubled++
		}
		seen[e.Receipt.SHA256] = true
	}
	l.fullest = max(l.fullest, len(b.Entries))
	return l.memoryLibrary.Create(ctx, b)
}

// TestEqualContentsAreNeverInOneCall carries items of few contents, and again
// after an interruption that left all of them carried and none registered.
func TestEqualContentsAreNeverInOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(40, 0)
		for i := range 40 {
			src.add(fmt.Sprintf("m%02d", i), fmt.Sprintf("GX01%04d.MP4", i), fmt.Appendf(nil, "content %d", i*i%11))
		}
		at := &watchful{memoryLibrary: lib}
		o := options(t, src, at)
		full := &fault.Error{Class: fault.Session, Code: fault.Storage, Op: "create"}
		lib.fail = full
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.Storage {
			t.Fatal(err)
		}
		lib.fail = nil
		s := mustSync(t, o)
		if at.doubled > 0 || s.Outcome != gondola.OutcomeComplete || s.Items.Outcomes[state.OutcomeCreated] != 40 {
			t.Errorf("%d doubled, outcome %s, items %v", at.doubled, s.Outcome, s.Items)
		}
		if at.fullest < 2 {
			t.Error("no call had two entries: the test proves nothing")
		}
		wantArrived(t, src, lib)

		o.SessionID = "another"
		received := lib.received
		if s = mustSync(t, o); s.Items.Outcomes[state.OutcomeAlreadyThere] != 40 || lib.received != received || at.doubled > 0 {
			t.Errorf("another session: items %v, %d bytes sent, %d doubled", s.Items, lib.received-received, at.doubled)
		}
	})
}

// tokenless is a memoryLibrary whose receipts can be spent again, as those of a
// folder: they hold no token.
type tokenless struct {
	*watchful
	mu     sync.Mutex
	tokens map[media.ID]string
}

func (l *tokenless) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	receipt, err := l.watchful.Upload(ctx, u)
	if err != nil {
		return receipt, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens[u.Item.ID] = receipt.Token
	receipt.Token, receipt.SHA256, receipt.Once = "", "", false
	return receipt, nil
}

func (l *tokenless) Stale(station.Receipt) bool { return false }

func (l *tokenless) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	l.mu.Lock()
	for i, e := range b.Entries {
		b.Entries[i].Receipt.Token = l.tokens[e.Item.ID]
	}
	l.mu.Unlock()
	return l.watchful.Create(ctx, b)
}

// TestReceiptsWithoutTokenShareACall carries items whose receipts are all alike:
// they are registered in one call, not in one each.
func TestReceiptsWithoutTokenShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(40, 0)
		for i := range 40 {
			src.add(fmt.Sprintf("m%02d", i), fmt.Sprintf("GX01%04d.MP4", i), fmt.Appendf(nil, "content %d", i))
		}
		at := &tokenless{watchful: &watchful{memoryLibrary: lib}, tokens: map[media.ID]string{}}
		s := mustSync(t, options(t, src, at))
		if s.Outcome != gondola.OutcomeComplete || s.Items.Outcomes[state.OutcomeCreated] != 40 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		if at.fullest != lib.Limits().Batch {
			t.Errorf("the fullest call had %d entries, want %d", at.fullest, lib.Limits().Batch)
		}
		wantArrived(t, src, lib)
	})
}
