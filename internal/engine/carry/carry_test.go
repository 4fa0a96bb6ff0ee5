package carry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/carry"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func tokenInvalid(it media.Item) error {
	return &fault.Error{Class: fault.Item, Code: fault.TokenInvalid, Op: "create " + it.Name}
}

// TestRefusedReceiptsAreCarriedByTheCarrier: what the destination does not
// register goes back, within the slots, and holds nothing else up.
func TestRefusedReceiptsAreCarriedByTheCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		for range 30 {
			l.add(7)
		}
		first := l.items[1].ID.Key()
		l.create = func(it media.Item, n int) error {
			if n == 1 {
				return tokenInvalid(it)
			}
			return nil
		}
		l.uploading = func(it media.Item) time.Duration {
			if it.ID.Key() == first && l.uploads[first] > 1 {
				return time.Hour // its second transfer: a large file
			}
			return time.Second
		}
		arrived := map[string]time.Duration{}
		began := time.Now()
		l.put = func(it *state.Item) error {
			if it.Create == state.Completed {
				arrived[it.ID.Key()] = time.Since(began)
			}
			return nil
		}
		close(l.listed)
		if err := l.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.wantRegistered(t)
		for key, n := range l.uploads {
			if n != 2 {
				t.Errorf("%s was uploaded %d times, want 2", key, n)
			}
		}
		for key, after := range arrived {
			if late := after > 10*time.Minute; late != (key == first) {
				t.Errorf("%s was registered after %s", key, after)
			}
		}
	})
}

// TestRetransfersAreBounded: an item whose receipts are never accepted is
// transferred so often, and then fails alone.
func TestRetransfersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		for range 9 {
			l.add(7)
		}
		cursed := l.items[4].ID.Key()
		l.create = func(it media.Item, _ int) error {
			if it.ID.Key() == cursed {
				return tokenInvalid(it)
			}
			return nil
		}
		close(l.listed)
		if err := l.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := l.uploads[cursed]; n != 1+lifecycle.MostRetransfers {
			t.Errorf("transferred %d times, want %d", n, 1+lifecycle.MostRetransfers)
		}
		if it := l.items[4]; it.Create != state.Failed || !lifecycle.GivenUp(it) {
			t.Errorf("the item: create %s, %v", it.Create, it.Errors)
		}
		delete(l.items, 4)
		l.wantRegistered(t)
	})
}

// TestPassingFailuresAreRetriedOnce, after a rest, and failures of the item are
// not.
func TestPassingFailuresAreRetriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		for range 5 {
			l.add(7)
		}
		l.create = func(it media.Item, n int) error { // so that the store is read again
			if n == 1 {
				return tokenInvalid(it)
			}
			return nil
		}
		key := func(seq int64) string { return l.items[seq].ID.Key() }
		once, always, gone := key(2), key(3), key(4)
		at := map[string][]time.Time{}
		l.upload = func(it media.Item, n int) error {
			k := it.ID.Key()
			at[k] = append(at[k], time.Now())
			switch {
			case k == once && n == 1, k == always:
				return errors.New("no route to host")
			case k == gone:
				return &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "open"}
			}
			return nil
		}
		close(l.listed)
		if err := l.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(at[gone]); n != 1 {
			t.Errorf("what is gone was tried %d times", n)
		}
		for _, k := range []string{once, always} {
			if n := len(at[k]); k == always && n != 2 || n < 2 || at[k][1].Sub(at[k][0]) < 2*time.Minute {
				t.Errorf("%s was tried at %v, want twice, two minutes apart", k, at[k])
			}
		}
		waits := 0
		for _, e := range l.events {
			if _, ok := e.(progress.Wait); ok {
				waits++
			}
		}
		if waits != 1 {
			t.Errorf("%d waits were published, want 1", waits)
		}
		if l.items[3].Transfer != state.Failed || l.items[3].Errors[state.Transfer].Attempt != 2 {
			t.Errorf("the item that fails twice: %s, %+v", l.items[3].Transfer, l.items[3].Errors)
		}
		delete(l.items, 3)
		delete(l.items, 4)
		l.wantRegistered(t)
	})
}

// TestTheBacklogIsRegisteredOnce, while what this run transfers passes it.
func TestTheBacklogIsRegisteredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		for i := range 300 {
			if i%3 == 0 {
				l.add(7)
			} else {
				l.transferred()
			}
		}
		l.fixed = 16
		l.uploading = func(media.Item) time.Duration { return 20 * time.Millisecond }
		close(l.listed)
		if err := l.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.wantRegistered(t)
		for key, n := range l.creates {
			if n != 1 {
				t.Errorf("%s was in %d create calls", key, n)
			}
		}
	})
}

// returning is a registrar that sends each item back once, while its carrier still
// hands it over.
type returning struct {
	l       *line
	carrier *carry.Carrier
	taken   map[int64]int
}

func (r *returning) Expect(*state.Item)          {}
func (r *returning) Drain(context.Context) error { return nil }

func (r *returning) Take(_ context.Context, it *state.Item) error {
	r.l.mu.Lock()
	r.taken[it.Seq]++
	n := r.taken[it.Seq]
	r.l.mu.Unlock()
	if n > 1 {
		return nil
	}
	lifecycle.ResetTransfer(it)
	err := r.l.Put(it)
	r.carrier.Again()
	time.Sleep(time.Minute)
	return err
}

// TestItemsSentBackAtOnce are started again although their first transfer has not
// returned yet, and the listing goes on.
func TestItemsSentBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		l.add(7)
		r := &returning{l: l, taken: map[int64]int{}}
		r.carrier = l.carrier(monitor.New(slog.New(slog.DiscardHandler), nil), r)
		ran := make(chan error)
		go func() { ran <- r.carrier.Run(t.Context()) }()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := l.uploads[l.items[1].ID.Key()]; n != 2 {
			t.Errorf("%d uploads after ten seconds, want 2", n)
		}
		close(l.listed)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		l.wantInOrder(t)
	})
}

// TestItemsPausedWhileTheListingGoesOn are started again as soon as the run goes
// on, and not only when the listing has ended.
func TestItemsPausedWhileTheListingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1)
		l.add(4 << 30)
		l.add(4 << 30)
		l.uploading = func(media.Item) time.Duration { return time.Minute }
		l.setSlots()
		ran := make(chan error)
		go func() { ran <- l.run(t.Context()) }()
		for range 20 { // interrupted again and again
			time.Sleep(10 * time.Second)
			l.slots.Pause()
			time.Sleep(10 * time.Second)
			l.slots.Resume()
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, it := range l.items {
			if it.Transfer != state.Completed {
				t.Errorf("%s: transfer %s, two minutes after the pauses", it.Name, it.Transfer)
			}
		}
		close(l.listed)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		l.wantRegistered(t)
	})
}

// TestItemsAreNeverStartedTwice sends items back, pauses and lists more while the
// store is read again and again.
func TestItemsAreNeverStartedTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		items := rapid.IntRange(1, 40).Draw(rt, "items")
		fixed := rapid.IntRange(1, 6).Draw(rt, "fixed")
		batch := rapid.IntRange(1, 8).Draw(rt, "batch")
		returns := rapid.SliceOfN(rapid.IntRange(0, lifecycle.MostRetransfers), items, items).Draw(rt, "times sent back")
		pauses := rapid.SliceOfN(rapid.IntRange(1, 4000), 0, 6).Draw(rt, "milliseconds to pauses")
		late := rapid.IntRange(0, 5).Draw(rt, "seconds of listing")
		synctest.Test(t, func(*testing.T) {
			l := newLine(seed)
			l.fixed, l.batch, l.callbacks = fixed, batch, true
			for i := range items {
				l.add(int64(1+l.rnd.IntN(2)) << 26 >> (8 * (i % 2)))
			}
			l.uploading = func(media.Item) time.Duration { return time.Duration(l.rnd.IntN(1500)) * time.Millisecond }
			l.create = func(it media.Item, n int) error {
				var i int
				fmt.Sscanf(it.ID.Medium, "m%d", &i)
				if n <= returns[i-1] {
					return tokenInvalid(it)
				}
				return nil
			}
			l.setSlots()
			ran := make(chan error)
			go func() { ran <- l.run(context.Background()) }()
			go func() { time.Sleep(time.Duration(late) * time.Second); close(l.listed) }()
			for _, ms := range pauses {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				l.slots.Pause()
				time.Sleep(50 * time.Millisecond)
				l.slots.Resume()
			}
			if err := <-ran; err != nil {
				rt.Error(err)
			}
			l.wantRegistered(rt)
		})
	})
}

// TestTheLineEnds whatever fails, whenever it is stopped: without a leak, a panic
// or an item that is registered twice.
func TestTheLineEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		storm := rapid.SampledFrom([]float64{0, 0.05, 0.3, 0.9}).Draw(rt, "storm")
		items := rapid.IntRange(0, 60).Draw(rt, "items")
		early := rapid.IntRange(0, 20).Draw(rt, "transferred earlier")
		fatal := rapid.SampledFrom([]string{"nothing", "upload", "create", "put", "cancel", "unstorable"}).Draw(rt, "fails")
		at := rapid.IntRange(0, 40).Draw(rt, "fails at")
		synctest.Test(t, func(*testing.T) {
			l := newLine(seed)
			l.storm, l.callbacks = storm, true
			for range items {
				l.add(7)
			}
			for range early {
				l.transferred()
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			stop := errors.New("stop")
			full := &fault.Error{Class: fault.Session, Code: fault.Storage, Op: "full", Err: stop}
			left := at
			spend := func(here string, err error) error {
				if fatal != here {
					return nil
				}
				if left--; left < 0 {
					return err
				}
				return nil
			}
			l.upload = func(media.Item, int) error { return spend("upload", full) }
			l.create = func(media.Item, int) error { return spend("create", full) }
			l.put = func(it *state.Item) error {
				if fatal == "cancel" {
					if spend("cancel", stop) != nil {
						cancel(stop)
					}
					return nil
				}
				if it.Receipt != nil && spend("unstorable", stop) != nil {
					return &fault.Error{Class: fault.Item, Code: fault.State, Op: "store"}
				}
				return spend("put", full)
			}
			close(l.listed)
			err := l.run(ctx)
			if err != nil && (fatal == "nothing" || fatal == "unstorable") && !errors.Is(err, stop) && fault.ClassOf(err) == fault.Session {
				rt.Errorf("ended with %v although only items fail", err)
			}
			l.wantInOrder(rt)
			for key, n := range l.arrivals {
				if n > 1 && fatal == "nothing" && storm == 0 {
					rt.Errorf("%s arrived %d times", key, n)
				}
			}
			if err == nil && storm == 0 && fatal == "nothing" {
				l.wantRegistered(rt)
			}
		})
	})
}
