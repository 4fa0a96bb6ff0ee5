package gondola_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
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
		if at.doubled > 0 || s.Outcome != gondola.Complete || s.Items.Outcomes[state.OutcomeCreated] != 40 {
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
