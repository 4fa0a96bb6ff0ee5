package bandwidth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func limiters(t testing.TB, s string) (up, down *Limiter) {
	t.Helper()
	table, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return table.Limiters()
}

// pass lets total bytes through in pieces and returns how long that took.
func pass(t testing.TB, l *Limiter, workers, piece, total int) time.Duration {
	t.Helper()
	start := time.Now()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for left := total / workers; left > 0; left -= piece {
				if err := l.WaitN(t.Context(), min(piece, left)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

func TestRateIsKept(t *testing.T) {
	for _, tc := range []struct {
		limit          string
		rate           float64 // bytes per second
		workers, piece int
		total          int // bytes
	}{
		{"1M", mib, 1, 32 * kib, 3 * mib},
		{"1M", mib, 8, 32 * kib, 128 * mib}, // over more than a minute
		{"10M", 10 * mib, 4, 256 * kib, 100 * mib},
		{"512k", 512 * kib, 1, 8 * mib, 16 * mib}, // one wait of many bursts
		{"4000000B", 4e6, 3, 1000, 12e6},
		{"50B", 50, 1, 7, 700},
		{"1B", 1, 2, 3, 12},
		{"1G", 1 << 30, 4, mib, 8 << 30},
	} {
		t.Run(fmt.Sprintf("%s in pieces of %d by %d", tc.limit, tc.piece, tc.workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, _ := limiters(t, tc.limit)
				took := pass(t, up, tc.workers, tc.piece, tc.total).Seconds()
				want := float64(tc.total) / tc.rate
				if math.Abs(took-want) > 0.03*want {
					t.Errorf("%d bytes took %.3f s, want %.3f s ± 3 %%", tc.total, took, want)
				}
			})
		})
	}
}

func TestDirectionsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := limiters(t, "1M:4M")
		if took := pass(t, up, 1, kib, 4*mib); took.Round(100*time.Millisecond) != 4*time.Second {
			t.Errorf("4 MiB up took %v, want 4s", took)
		}
		if took := pass(t, down, 1, kib, 4*mib); took.Round(100*time.Millisecond) != time.Second {
			t.Errorf("4 MiB down took %v, want 1s", took)
		}
	})
}

func TestIdleTimeIsNotSavedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, _ := limiters(t, "1M")
		pass(t, up, 1, kib, mib)
		time.Sleep(time.Hour)
		if took := pass(t, up, 1, kib, 4*mib); took < 3880*time.Millisecond {
			t.Errorf("4 MiB after an idle hour took %v, want 4s", took)
		}
	})
}

func TestNoLimitCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off, _ := limiters(t, "off:1k")
		for _, l := range []*Limiter{nil, {}, off} {
			if took := pass(t, l, 4, mib, 1<<30); took != 0 {
				t.Errorf("1 GiB without limit took %v", took)
			}
		}
		if n := testing.AllocsPerRun(100, func() { off.WaitN(t.Context(), mib) }); n != 0 {
			t.Errorf("WaitN without limit allocates %v times", n)
		}
	})
}

// TestTimetableIsFollowed crosses from one entry to the next and into no limit.
func TestTimetableIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := func(d time.Duration) string { return time.Now().Add(d).Format("15:04") }
		up, _ := limiters(t, fmt.Sprintf("%s,100k %s,1M %s,off", clock(0), clock(2*time.Minute), clock(3*time.Minute)))
		// 2 min at 100 KiB/s and 1 min at 1 MiB/s, in one go, then the rest at once.
		want := 3 * time.Minute
		if took := pass(t, up, 1, mib, 120*100*kib+60*mib+100*mib); (took - want).Abs() > want*3/100 {
			t.Errorf("took %v, want %v ± 3 %%", took, want)
		}
		time.Sleep(24*time.Hour - 3*time.Minute) // limited again
		if took := pass(t, up, 1, kib, mib); took.Round(100*time.Millisecond) != 10200*time.Millisecond {
			t.Errorf("1 MiB at 100 KiB/s took %v, want 10.2s", took)
		}
	})
}

// TestWaitersFollowTheTimetable is about those who wait long in a queue.
func TestWaitersFollowTheTimetable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := func(d time.Duration) string { return time.Now().Add(d).Format("15:04") }
		up, _ := limiters(t, fmt.Sprintf("%s,1B %s,4B %s,off", clock(0), clock(time.Minute), clock(2*time.Minute)))
		start := time.Now()
		var first, second int
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 500 {
			all.Go(func() {
				if err := up.WaitN(t.Context(), 1); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				switch at := time.Since(start); {
				case at < time.Minute:
					first++
				case at < 2*time.Minute:
					second++
				case at > 2*time.Minute:
					t.Errorf("a waiter was let go after %v, long after the limit ended", at)
				}
			})
		}
		all.Wait()
		if (first-60)*(first-60) > 4 || (second-240)*(second-240) > 49 {
			t.Errorf("%d passed in the first minute and %d in the second, want 60 and 240", first, second)
		}
	})
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, _ := limiters(t, "1k")
		leave := errors.New("I leave")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(leave) })
		start := time.Now()
		if err := up.WaitN(ctx, mib); !errors.Is(err, leave) || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("WaitN = %v after %v, want the cause at once", err, time.Since(start))
		}
		if err := up.WaitN(ctx, 1); !errors.Is(err, leave) {
			t.Errorf("WaitN = %v, want the cause", err)
		}
		if took := pass(t, up, 1, kib, 2*kib); took.Round(100*time.Millisecond) > 2*time.Second {
			t.Errorf("whoever left still takes its share: 2 KiB took %v", took)
		}
	})
}

func TestPiece(t *testing.T) {
	for limit, want := range map[string]int{"1B": 1, "1k": 51, "10M": mib / 2, "off": math.MaxInt} {
		up, _ := limiters(t, limit)
		if got := up.Piece(); got != want {
			t.Errorf("Piece at %s = %d, want %d", limit, got, want)
		}
	}
	var none *Limiter
	if got := none.Piece(); got != math.MaxInt {
		t.Errorf("Piece without a limiter = %d", got)
	}
}

func TestWaitForNothing(t *testing.T) {
	up, _ := limiters(t, "1B")
	for _, n := range []int{0, -1} {
		if err := up.WaitN(t.Context(), n); err != nil {
			t.Errorf("WaitN(%d) = %v", n, err)
		}
	}
}

func BenchmarkWaitNWithoutLimit(b *testing.B) {
	up, _ := limiters(b, "08:00,off")
	for b.Loop() {
		up.WaitN(b.Context(), 32*kib)
	}
}
