package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// pace is a limiter that lets a byte pass each millisecond, over all files.
type pace chan struct{}

func newPace() pace { return make(pace, 1) }

func (pace) Piece() int { return 64 }

func (p pace) WaitN(ctx context.Context, n int) error {
	select {
	case p <- struct{}{}:
		defer func() { <-p }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-time.After(time.Duration(n) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// films returns a source of films, which a pause interrupts, of so many bytes.
func films(n, size int) (*memorySource, *memoryLibrary) {
	src, lib := pair(1, 0)
	lib.segment = 500
	for i := range n {
		data := slices.Repeat([]byte(fmt.Sprintf("%05d.", i)), size/6)
		src.add(fmt.Sprint("film", i), fmt.Sprintf("GX01%04d.MP4", i), data)
		src.items[i].Size = media.SizeUnknown
	}
	return src, lib
}

// forgetfulStore is a store whose sessions live as long as the backend made of it.
type forgetfulStore struct{}

func (forgetfulStore) Load(context.Context, string) (*state.Document, error) {
	return nil, state.ErrNotFound
}
func (forgetfulStore) Save(context.Context, *state.Document) error { return nil }

// inMemory returns options with a backend that writes nothing.
func inMemory(t *testing.T, src station.Source, lib station.Destination) gondola.Options {
	b := state.Adapt(forgetfulStore{})
	t.Cleanup(func() { b.Close() })
	return gondola.Options{Source: src, Destination: lib, Backend: b, SessionID: "s"}
}

func mustStart(t *testing.T, ctx context.Context, o gondola.Options) *gondola.Run {
	t.Helper()
	r, err := gondola.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPauseAndResume: a moment after Pause nothing is in flight; after Resume each
// file goes on at the byte that was confirmed, and nothing is sent twice.
func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := films(3, 6000)
		o := inMemory(t, src, lib)
		o.Transfers, o.Download = 2, newPace()
		r := mustStart(t, t.Context(), o)
		for range 5 {
			time.Sleep(1777 * time.Millisecond)
			before := r.Progress()
			if before.Paused || len(before.InFlight) != 2 {
				t.Errorf("before the pause: %+v", before)
			}
			r.Pause()
			time.Sleep(time.Second)
			paused, received := r.Progress(), lib.received
			if !paused.Paused || len(paused.InFlight) != 0 || paused.BytesDone < before.BytesDone {
				t.Errorf("a second after the pause: %+v", paused)
			}
			time.Sleep(time.Hour)
			if now := r.Progress(); lib.received != received || now.BytesDone != paused.BytesDone {
				t.Errorf("bytes moved in the pause: %+v", now)
			}
			r.Resume()
		}
		s, err := r.Wait()
		if err != nil || s.Outcome != gondola.OutcomeComplete || s.Moved.Resent != 0 || lib.received != 3*6000 {
			t.Errorf("%+v, %v; %d bytes received of %d", s, err, lib.received, 3*6000)
		}
		wantArrived(t, src, lib)
	})
}

// TestTransfersAndLimitsWhileItRuns, up and down again.
func TestTransfersAndLimitsWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := films(9, 6000)
		o := inMemory(t, src, lib)
		o.Transfers, o.Download = 1, newPace()
		r := mustStart(t, t.Context(), o)
		for _, n := range []int{1, 5, 2} {
			r.SetTransfers(n)
			time.Sleep(15 * time.Second) // what is in flight ends
			synctest.Wait()              // and what ends now is followed
			if p := r.Progress(); p.Transfers != n || len(p.InFlight) != n {
				t.Errorf("%d in flight of %d, want %d", len(p.InFlight), p.Transfers, n)
			}
		}
		began := time.Now()
		r.SetLimits(nil, nil)
		if s, err := r.Wait(); err != nil || s.Outcome != gondola.OutcomeComplete {
			t.Errorf("%+v, %v", s, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("without a limit the rest took %s", took)
		}
		wantArrived(t, src, lib)
	})
}

// TestLimitsSlowARunDown that began without any.
func TestLimitsSlowARunDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := films(4, 6000)
		o := inMemory(t, src, lib)
		r := mustStart(t, t.Context(), o)
		r.SetLimits(nil, newPace())
		began := time.Now()
		if _, err := r.Wait(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 20*time.Second {
			t.Errorf("24 s of bytes took %s", took)
		}
		wantArrived(t, src, lib)
	})
}

// TestProgressAddsUp at every moment of a run that meets failures, refusals and
// unknown sizes, and in the runs after it.
func TestProgressAddsUp(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			src, lib := pair(seed, 25)
			src.weather.storm = 0.05
			src.add("empty", "GOPR0001.JPG", nil)
			for i := range src.items {
				switch i % 5 {
				case 0:
					src.items[i].Size = media.SizeUnknown
				case 1:
					src.items[i].Size += 40 // a record that is wrong
				case 2:
					lib.forget[digest(src.bytes[src.items[i].ID.Key()])] = true
				}
			}
			o := inMemory(t, src, lib)
			o.Download = newPace()
			for range 3 {
				received := lib.received
				r := mustStart(t, t.Context(), o)
				var last progress.Snapshot
				for ended := false; !ended; {
					select {
					case <-r.Done():
						ended = true
					case <-time.After(29 * time.Millisecond):
					}
					p := r.Progress()
					if p.ItemsDone > p.ItemsTotal || p.BytesDone > p.BytesTotal || p.BytesDone < 0 {
						t.Errorf("%d of %d items, %d of %d bytes", p.ItemsDone, p.ItemsTotal, p.BytesDone, p.BytesTotal)
					}
					if p.Moved.Downloaded < last.Moved.Downloaded || p.Moved.Uploaded < last.Moved.Uploaded || p.Moved.Uploaded > p.Moved.Downloaded {
						t.Errorf("legs: %+v after %+v", p.Moved, last.Moved)
					}
					last = p
				}
				s, err := r.Wait()
				if err != nil {
					t.Fatal(err)
				}
				done := s.Items.Total - s.Items.Outcomes[state.OutcomePending] - s.Items.Outcomes[state.OutcomeFailed]
				if last = r.Progress(); last.ItemsTotal != s.Items.Total || last.ItemsDone != done || !last.Ended ||
					last.BytesTotal != s.Items.Bytes || last.BytesDone != s.Items.Carried || last.ItemsFailed != s.Items.Outcomes[state.OutcomeFailed] {
					t.Errorf("in the end %+v\nof %+v", last, s.Items)
				}
				if last.Moved != s.Moved || s.Moved.Uploaded != lib.received-received {
					t.Errorf("moved %+v, the summary says %+v; %d bytes received", last.Moved, s.Moved, lib.received-received)
				}
			}
		})
	}
}

// TestASlowSubscriberCountsWhatItMissed by counts, and holds nothing up.
func TestASlowSubscriberCountsWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 40)
		o := inMemory(t, src, lib)
		o.Bus = new(progress.Bus)
		all := o.Bus.Subscribe(10_000, progress.Drop)
		slow := o.Bus.Subscribe(5, progress.Drop)
		if _, err := mustStart(t, t.Context(), o).Wait(); err != nil {
			t.Fatal(err)
		}
		o.Bus.Close()
		count := func(s *progress.Subscription) (events, dropped int) {
			for e := range s.Events() {
				if d, ok := e.(progress.Dropped); ok {
					dropped += d.Events
				} else {
					events++
				}
			}
			return events, dropped
		}
		published, none := count(all)
		got, dropped := count(slow)
		if none != 0 || dropped == 0 || got+dropped != published {
			t.Errorf("%d events and %d dropped of %d", got, dropped, published)
		}
	})
}

func TestWaitAnswersEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 3)
		r := mustStart(t, t.Context(), inMemory(t, src, lib))
		first, err := r.Wait()
		second, again := r.Wait()
		if err != nil || again != nil || first == nil || first != second {
			t.Errorf("%v, %v; then %v, %v", first, err, second, again)
		}
		r.Pause() // of a run that has ended
		r.Resume()
		r.SetTransfers(3)
		r.SetLimits(nil, nil)
		for range r.Subscribe(10, progress.Hold).Events() {
			t.Error("an event after the end")
		}
	})
}

func TestAPausedRunCanBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := films(3, 6000)
		o := inMemory(t, src, lib)
		o.Download = newPace()
		stop := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		r := mustStart(t, ctx, o)
		time.Sleep(2 * time.Second)
		r.Pause()
		time.Sleep(time.Hour)
		began := time.Now()
		cancel(stop)
		s, err := r.Wait()
		if !errors.Is(err, stop) || s == nil || s.Outcome != gondola.OutcomeInterrupted || time.Since(began) > 0 {
			t.Errorf("%+v, %v after %s", s, err, time.Since(began))
		}
		received := lib.received
		o.Download = nil
		if mustSync(t, o); received == 0 || lib.received != 3*6000 {
			t.Errorf("%d bytes received, then %d in all, want each of 18000 once", received, lib.received)
		}
	})
}

func TestStartOnALockedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 3)
		o := inMemory(t, src, lib)
		lock, err := o.Backend.Lock(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		r := mustStart(t, t.Context(), o)
		if s, err := r.Wait(); s != nil || !errorIs[*state.LockedError](err) {
			t.Errorf("Wait: %v, %v", s, err)
		}
		if p := r.Progress(); !p.Ended || p.Session != "s" || p.ItemsTotal != 0 {
			t.Errorf("progress of a run that never began: %+v", p)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		mustSync(t, o)
		wantArrived(t, src, lib)
	})
}

// late is a destination that reports bytes after its uploads have returned.
type late struct {
	*memoryLibrary
	reports sync.WaitGroup
}

func (l *late) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	open := u.Open
	u.Open = func(ctx context.Context, offset int64) (*station.Content, error) {
		content, err := open(ctx, offset)
		if err == nil {
			l.reports.Go(func() {
				time.Sleep(time.Minute)
				u.Sent(1000)
				u.Resent(500)
				_ = content.Body.Close()
				_, _ = io.Copy(io.Discard, content.Body)
			})
		}
		return content, err
	}
	return l.memoryLibrary.Upload(ctx, u)
}

// TestReportsAfterTheUpload are counted as moved and change nothing else.
func TestReportsAfterTheUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := films(5, 600)
		slow := &late{memoryLibrary: lib}
		o := inMemory(t, src, slow)
		o.Download = &countdown{after: math.MaxInt}
		r := mustStart(t, t.Context(), o)
		if s, err := r.Wait(); err != nil || s.Outcome != gondola.OutcomeComplete {
			t.Errorf("%+v, %v", s, err)
		}
		slow.reports.Wait()
		if p := r.Progress(); p.BytesDone != 5*600 || p.BytesTotal != 5*600 || p.ItemsDone != 5 {
			t.Errorf("after late reports: %+v", p)
		}
		wantArrived(t, src, lib)
	})
}
