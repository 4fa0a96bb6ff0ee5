package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// TestDeathAtEveryWrite dies at each change of state in turn and goes on from
// what was stored, with destinations that take a token again and that do not.
// Wherever it died, the ledger knows in the end what another session need not
// carry.
func TestDeathAtEveryWrite(t *testing.T) {
	for n := range 120 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, spendOnce := n/2, n%2 == 1
				src, lib := pair(uint64(n), 7)
				lib.spendOnce = spendOnce
				o := options(t, src, lib)
				inner := o.Backend
				ctx, die := context.WithCancelCause(t.Context())
				o.Backend = crash.Backend{Backend: inner, Countdown: crash.After(n, die)}
				gondola.Sync(ctx, o)
				die(nil)
				spent := int64(0)
				if spendOnce {
					spent = unrecorded(t, inner, src, lib)
				}

				o.Backend = inner
				s := mustSync(t, o)
				wantArrived(t, src, lib)
				if s.Outcome != gondola.OutcomeComplete {
					t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
				}
				var total int64
				for _, data := range src.bytes {
					total += int64(len(data))
				}
				// A file whose token did not become durable has to go again, whole, and so has
				// one whose token was spent by a call that nothing was stored of.
				if again := lib.received - total; again > 4*400+spent {
					t.Errorf("%d bytes sent again, more than the 4 files in flight and the %d that were just created have", again, spent)
				}
				received := lib.received
				o.SessionID = "another"
				if mustSync(t, o); lib.received != received {
					t.Errorf("the ledger let another session send %d bytes", lib.received-received)
				}
			})
		})
	}
}

// unrecorded returns the bytes of the items that are in a library and of which the
// session does not know that.
func unrecorded(t *testing.T, backend state.Backend, src *memorySource, lib *memoryLibrary) (bytes int64) {
	t.Helper()
	held := map[string]bool{}
	for _, sum := range lib.items {
		held[sum] = true
	}
	for it, err := range backend.Items(t.Context(), "s", state.Query{}) {
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			t.Fatal(err)
		}
		if err == nil && it.Create != state.Completed && held[digest(src.bytes[it.ID.Key()])] {
			bytes += int64(len(src.bytes[it.ID.Key()]))
		}
	}
	return bytes
}

func TestInterruptedRunGoesOnAtTheConfirmedByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(3, 0)
		id := src.add("big", "GX010001.MP4", slices.Repeat([]byte("0123456789"), 1000))
		o := options(t, src, lib)
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("asked to stop")
		paced := &countdown{after: 5000, then: func() { cancel(stop) }}
		o.Download = paced
		s, err := gondola.Sync(ctx, o)
		if !errors.Is(err, stop) || s.Outcome != gondola.OutcomeInterrupted {
			t.Fatalf("Sync = %v, %v", s, err)
		}
		if stored, err := o.Backend.Session(t.Context(), "s"); err != nil || stored.Stages[state.Transfer] != state.Running {
			t.Errorf("interrupted, and stored as %+v, %v", stored, err)
		}
		o.Download = nil
		mustSync(t, o)
		wantArrived(t, src, lib)
		offsets := src.opened[id.Key()]
		if last := offsets[len(offsets)-1]; last == 0 || last%64 != 0 {
			t.Errorf("went on at byte %d", last)
		}
		if lib.received != 10000 {
			t.Errorf("%d bytes received, want each of 10000 once", lib.received)
		}
	})
}

// TestBytesThatChangeBetweenTwoRuns: what was begun is not completed with bytes
// of another version.
func TestBytesThatChangeBetweenTwoRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(4, 0)
		id := src.add("big", "GX010001.MP4", slices.Repeat([]byte("0123456789"), 1000))
		o := options(t, src, lib)
		ctx, cancel := context.WithCancelCause(t.Context())
		o.Download = &countdown{after: 5000, then: func() { cancel(crash.ErrKilled) }}
		if _, err := gondola.Sync(ctx, o); !errors.Is(err, crash.ErrKilled) {
			t.Fatal(err)
		}
		src.bytes[id.Key()] = slices.Repeat([]byte("abcdefghij"), 1000)
		o.Download = nil
		mustSync(t, o)
		wantArrived(t, src, lib)
	})
}

// countdown is a limiter that does something once enough bytes have passed.
type countdown struct {
	after int
	then  func()
}

func (c *countdown) WaitN(ctx context.Context, n int) error {
	if c.after -= n; c.after <= 0 {
		c.then()
		<-ctx.Done()
	}
	return ctx.Err()
}

func (*countdown) Piece() int { return math.MaxInt }

func TestASessionNeverSpreadsOverTwoAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(9, 3)
		o := options(t, src, lib)
		mustSync(t, o)
		lib.account = "gphotos:me-again" // another login of the same account
		if s := mustSync(t, o); s.Outcome != gondola.OutcomeComplete {
			t.Errorf("outcome %s", s.Outcome)
		}
		lib.account, lib.items = "gphotos:somebody", map[string]string{}
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.Auth {
			t.Errorf("Sync into another account: %v", err)
		}
	})
}

func TestStaleAndForgottenTokensAreCarriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(10, 4)
		quota := &fault.Error{Class: fault.Session, Code: fault.Quota, Op: "create"}
		lib.fail = quota
		o := options(t, src, lib)
		s, err := gondola.Sync(t.Context(), o)
		if !errors.Is(err, quota) || s.Outcome != gondola.OutcomeQuota {
			t.Fatalf("Sync = %v, %v", s, err)
		}
		lib.fail = nil
		time.Sleep(25 * time.Hour)
		clear(lib.tokens)
		lib.forget[digest(src.bytes[src.items[1].ID.Key()])] = true
		if s = mustSync(t, o); s.Outcome != gondola.OutcomeComplete {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		wantArrived(t, src, lib)
	})
}

func TestStoredBatchSizeWinsAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(16, 3)
		o := options(t, src, lib)
		mustSync(t, o)
		var notices []string
		stop := observe(&o, func(e progress.Event) {
			if n, ok := e.(progress.Notice); ok {
				notices = append(notices, n.Text)
			}
		})
		o.BatchSize = 2
		mustSync(t, o)
		stop()
		all := strings.Join(notices, "\n")
		if !strings.Contains(all, "batch size") || !strings.Contains(all, "--session-id") {
			t.Errorf("notices: %s", all)
		}
	})
}

// TestTooLargeBatches: a batch size that the destination does not take is reduced to
// one that it does, and the session does not claim to have another one.
func TestTooLargeBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(16, 3)
		o := options(t, src, lib)
		o.BatchSize = lib.Limits().Batch + 1
		for range 2 {
			var notices []string
			stop := observe(&o, func(e progress.Event) {
				if n, ok := e.(progress.Notice); ok {
					notices = append(notices, n.Text)
				}
			})
			mustSync(t, o)
			stop()
			if len(notices) != 1 || !strings.Contains(notices[0], "takes at most") {
				t.Errorf("notices: %q", notices)
			}
		}
	})
}

func TestLockedSession(t *testing.T) {
	src, lib := pair(17, 1)
	dir := t.TempDir()
	o := options(t, src, lib)
	o.Backend = openBackend(t, dir)
	lock, err := openBackend(t, dir).Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = gondola.Sync(t.Context(), o); !errorIs[*state.LockedError](err) {
		t.Errorf("Sync of a locked session: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	mustSync(t, o)
}

func errorIs[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func TestAnItemWhoseFileIsLostIsListedAgain(t *testing.T) {
	src, lib := pair(20, 6)
	dir := t.TempDir()
	o := options(t, src, lib)
	o.Backend = openBackend(t, dir)
	o.Window = media.Window{Start: src.items[0].CapturedAt, End: src.items[5].CapturedAt}
	mustSync(t, o)
	files, err := filepath.Glob(filepath.Join(dir, "s", "items", "*.json"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d item files, %v", len(files), err)
	}
	if err := os.Remove(files[2]); err != nil {
		t.Fatal(err)
	}
	received := lib.received
	o.Backend = openBackend(t, dir)
	s := mustSync(t, o)
	if s.Items.Total != 6 || s.Items.Outcomes[state.OutcomeAlreadyThere] != 1 || lib.received != received {
		t.Errorf("items %v, %d bytes sent", s.Items, lib.received-received)
	}
}

// leftAlone wants a stored session refused by a sync and by a verification, and
// nothing sent.
func leftAlone(t *testing.T, seed uint64, stored *state.Session) {
	t.Helper()
	src, lib := pair(seed, 1)
	o := options(t, src, lib)
	if err := o.Backend.PutSession(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.State || lib.received != 0 {
		t.Errorf("Sync: %v, %d bytes sent", err, lib.received)
	}
	check := gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend}
	if _, err := gondola.Verify(t.Context(), check); fault.CodeOf(err) != fault.State {
		t.Errorf("Verify: %v", err)
	}
}

func TestASessionOfANewerVersionIsLeftAlone(t *testing.T) {
	newer := state.NewSession("s", media.Window{}, time.Now())
	newer.SchemaVersion = state.SchemaVersion + 1
	leftAlone(t, 21, newer)
}

// TestASessionThatIsNotWholeIsLeftAlone: what its copy lacks is not new.
func TestASessionThatIsNotWholeIsLeftAlone(t *testing.T) {
	half := state.NewSession("s", media.Window{}, time.Now())
	half.Copying = true
	leftAlone(t, 22, half)
}

// TestWhatIsNotReadyIsListedAgain, in a window that has long ended too.
func TestWhatIsNotReadyIsListedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(23, 3)
		src.items[1].Refusal = &media.Refusal{Code: media.RefusedTranscoding, Reason: "not ready"}
		o := options(t, src, lib)
		o.Window = media.Window{Start: src.items[0].CapturedAt, End: src.items[2].CapturedAt}
		time.Sleep(50 * 365 * 24 * time.Hour) // the bubble begins before the window
		if s := mustSync(t, o); s.Items.Outcomes[state.OutcomeSkipped] != 1 {
			t.Fatalf("items %v", s.Items)
		}
		src.items[1].Refusal = nil
		if s := mustSync(t, o); s.Items.Outcomes[state.OutcomeCreated] != 3 {
			t.Errorf("ready now, and yet: items %v", s.Items)
		}
		wantArrived(t, src, lib)
	})
}
