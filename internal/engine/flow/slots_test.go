package flow

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	photo = media.Item{Size: 1 << 20, Kind: media.Photo}
	film  = media.Item{Size: 4 << 30, Kind: media.Video}
)

func newSlots(fixed int) *Slots { return NewSlots(fixed, slog.New(slog.DiscardHandler)) }

func enter(t *testing.T, s *Slots, item media.Item) (context.Context, *Slot) {
	t.Helper()
	ctx, slot, err := s.Enter(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, slot
}

// TestAPauseInterruptsLargeFiles, lets small ones finish, and lets none start.
func TestAPauseInterruptsLargeFiles(t *testing.T) {
	for _, fixed := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			s := newSlots(fixed)
			large, largeSlot := enter(t, s, film)
			small, smallSlot := enter(t, s, photo)
			s.Pause()
			s.Pause()
			if !errors.Is(context.Cause(large), ErrPaused) || small.Err() != nil {
				t.Errorf("the large file: %v; the small one: %v", context.Cause(large), small.Err())
			}
			if _, paused := s.State(); !paused {
				t.Error("State does not say that it is paused")
			}
			largeSlot.Leave()
			smallSlot.Leave()
			began := time.Now()
			time.AfterFunc(time.Hour, s.Resume)
			again, slot := enter(t, s, film)
			if waited := time.Since(began); waited != time.Hour || again.Err() != nil {
				t.Errorf("the next file started after %s, %v", waited, again.Err())
			}
			slot.Leave()
			if again.Err() == nil {
				t.Error("the context of a file outlives its slot")
			}
		})
	}
}

func TestAFileThatWaitsInAPauseCanBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(0)
		s.Pause()
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(stop) })
		if _, _, err := s.Enter(ctx, photo); !errors.Is(err, stop) {
			t.Errorf("Enter: %v", err)
		}
		s.Resume()
		enter(t, s, photo)
	})
}

// TestAPauseIsNotMeasured: neither the files that finish in it, nor that none
// starts.
func TestAPauseIsNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(0)
		tuner := s.classes[small].tuner
		_, slot := enter(t, s, photo)
		time.Sleep(time.Second)
		slot.Arrived(1000)
		_, slot = enter(t, s, photo)
		s.Pause()
		before := *tuner
		time.Sleep(time.Minute)
		for range 100 {
			slot.Arrived(1000)
		}
		slot.Leave()
		time.Sleep(time.Hour)
		if *tuner != before {
			t.Errorf("in a pause the tuner went\nfrom %+v\nto   %+v", before, *tuner)
		}
		s.Resume()
		if tuner.idle != 0 || tuner.bytes != 0 || !tuner.warming || tuner.base != 0 || !tuner.since.Equal(time.Now()) {
			t.Errorf("after the pause: %+v", *tuner)
		}
		time.Sleep(time.Second)
		enter(t, s, photo)
		if tuner.idle != time.Second {
			t.Errorf("a second without a file counts %s", tuner.idle)
		}
	})
}

// TestSetFixed lets more start at once, and fewer when files in flight have left.
func TestSetFixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1)
		var held []*Slot
		add := func() {
			_, slot := enter(t, s, film)
			held = append(held, slot)
		}
		add()
		began := time.Now()
		time.AfterFunc(time.Minute, func() { s.SetFixed(3) })
		add()
		add()
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("more files started after %s", waited)
		}
		s.SetFixed(-7)
		if fixed, _ := s.State(); fixed != 0 {
			t.Errorf("fixed %d", fixed)
		}
		s.SetFixed(2)
		for i, slot := range held[:2] {
			time.AfterFunc(time.Duration(i+1)*time.Minute, slot.Leave)
		}
		began = time.Now()
		add()
		if waited := time.Since(began); waited != 2*time.Minute {
			t.Errorf("with three in flight of two, the next started after %s", waited)
		}
	})
}

// TestNoSlotIsLost in any order of files, pauses and changes: the number in force
// is kept, and in the end as many start as at first.
func TestNoSlotIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fixed := rapid.IntRange(0, 4).Draw(rt, "fixed")
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 60).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			s := newSlots(fixed)
			var held []*Slot
			for _, step := range steps {
				switch step {
				case 0:
					s.Pause()
				case 1:
					s.Resume()
				case 2, 3:
					s.SetFixed(step + len(held)%3 - 2)
				case 4, 5, 6:
					if len(held) > 0 {
						held[0].Sent(100)
						held[0].Arrived(100)
						held[0].Leave()
						held = held[1:]
					}
				default:
					item := photo
					if step == 7 {
						item = film
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Second)
					_, slot, err := s.Enter(ctx, item)
					cancel()
					if err == nil {
						held = append(held, slot)
						n, paused := s.State()
						if paused || n > 0 && len(held) > n {
							rt.Errorf("a file started as one of %d of %d, paused %t", len(held), n, paused)
						}
					}
				}
			}
			for _, slot := range held {
				slot.Leave()
			}
			if s.classes[small].inFlight != 0 || s.classes[large].inFlight != 0 || len(s.cancel) != 0 {
				rt.Errorf("left behind: %+v, %d", s.classes, len(s.cancel))
			}
			s.Resume()
			s.SetFixed(2)
			for range 2 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				if _, _, err := s.Enter(ctx, film); err != nil {
					rt.Errorf("no file starts any more: %v", err)
				}
				cancel()
			}
		})
	})
}

// strict is a limiter of a byte a millisecond that refuses more than its piece,
// as x/time/rate does.
type strict struct{ piece int }

func (s strict) Piece() int { return s.piece }

func (s strict) WaitN(ctx context.Context, n int) error {
	if n > s.piece {
		return errors.New("more than a piece")
	}
	select {
	case <-time.After(time.Duration(n) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TestLimitsAreSetWhileBytesMove: what was read under the limit before passes the
// new one.
func TestLimitsAreSetWhileBytesMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Limits
		if l.Piece() != math.MaxInt || l.WaitN(t.Context(), 1<<30) != nil {
			t.Error("without limits, something is limited")
		}
		l.Set(nil, strict{100}, nil, strict{0})
		if got := l.Piece(); got != 1 {
			t.Errorf("piece %d, want 1", got)
		}
		l.Set(nil, strict{100})
		began := time.Now()
		if err := l.WaitN(t.Context(), 1000); err != nil || time.Since(began) != time.Second {
			t.Errorf("1000 bytes passed after %s, %v", time.Since(began), err)
		}
		var moving sync.WaitGroup
		for range 4 {
			moving.Go(func() {
				for range 100 {
					if err := l.WaitN(t.Context(), l.Piece()%1000); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		for i := range 50 {
			l.Set(strict{1 + i%7}, nil)
			time.Sleep(time.Millisecond)
			l.Set()
			time.Sleep(time.Millisecond)
		}
		moving.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l.Set(strict{1 << 30})
		if err := l.WaitN(ctx, 1<<30); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitN after its end: %v", err)
		}
	})
}
