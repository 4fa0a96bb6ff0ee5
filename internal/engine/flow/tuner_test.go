package flow

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const megabyte = 1e6

// road is a simulated line that carries files of one size, and the service at
// its end, on a clock that the test drives.
type road struct {
	rate     float64       // bytes a second of the whole line
	each     float64       // bytes a second of one connection; 0: no limit of its own
	overhead time.Duration // round trips of one file
	size     float64       // bytes of one file
	unit     float64       // bytes that count as one
	most     int           // files in flight that the service puts up with; 0: any
	noise    float64       // how much the time of a unit varies, of 1
}

// speed is what the line moves with n files in flight.
func (r *road) speed(n int) float64 {
	alone := r.rate
	if r.each > 0 {
		alone = min(r.each, r.rate)
	}
	cycle := r.overhead.Seconds() + r.size/alone
	return min(r.rate, float64(n)*r.size/cycle)
}

// drive is the tuner's course on the road, as its last half went.
type drive struct {
	speed   float64 // mean
	limit   float64 // mean, over time
	refused int
}

func (r *road) drive(c *tuner, d time.Duration, seed uint64) (last drive) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	now := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	half, end := now.Add(d/2), now.Add(d)
	for now.Before(end) {
		took := r.unit / r.speed(c.limit) * (1 + r.noise*(2*rnd.Float64()-1))
		now = now.Add(time.Duration(took * float64(time.Second)))
		late := now.After(half)
		if late {
			last.speed += r.unit
			last.limit += float64(c.limit) * took
		}
		if r.most > 0 && c.limit > r.most {
			c.refused(now, true)
			if late {
				last.refused++
			}
			continue
		}
		c.moved(now, int64(r.unit), true)
	}
	last.speed /= (d / 2).Seconds()
	last.limit /= (d / 2).Seconds()
	return last
}

func TestTunerFillsTheLine(t *testing.T) {
	photo, video := 2.0*megabyte, 4000.0*megabyte
	for _, tc := range []struct {
		name        string
		class       sizeClass
		road        road
		share       float64 // of the fastest that the bounds allow
		least, most float64 // mean files in flight
	}{
		{"photos at home", smallFiles, road{rate: 25 * megabyte, overhead: 250 * time.Millisecond, size: photo, unit: photo}, 0.97, 4, 8},
		{"photos far away", smallFiles, road{rate: 25 * megabyte, overhead: 900 * time.Millisecond, size: photo, unit: photo}, 0.95, 11, 17},
		{"photos on a line that varies", smallFiles, road{rate: 25 * megabyte, overhead: 900 * time.Millisecond, size: photo, unit: photo, noise: 0.5}, 0.93, 9, 19},
		{"photos very far away", smallFiles, road{rate: 125 * megabyte, overhead: time.Second, size: photo, unit: photo}, 0.9, 20, 24},
		{"photos on a slow line", smallFiles, road{rate: 0.5 * megabyte, overhead: 200 * time.Millisecond, size: photo, unit: photo}, 0.99, 4, 6},
		{"photos with slow connections", smallFiles, road{rate: 25 * megabyte, each: 2 * megabyte, overhead: 100 * time.Millisecond, size: photo, unit: photo}, 0.95, 12, 18},
		{"photos with a limit in force", smallFiles, road{rate: megabyte, overhead: 900 * time.Millisecond, size: photo, unit: photo}, 0.99, 4, 6},
		{"videos at home", largeFiles, road{rate: 25 * megabyte, overhead: 500 * time.Millisecond, size: video, unit: 1 << 20}, 0.99, 2, 3},
		{"videos with slow connections", largeFiles, road{rate: 50 * megabyte, each: 10 * megabyte, overhead: 500 * time.Millisecond, size: video, unit: 1 << 20}, 0.93, 4.5, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				got := tc.road.drive(newTuner(tc.class), 2*time.Hour, seed)
				if best := tc.road.speed(tc.class.most); got.speed < tc.share*best {
					t.Errorf("%.2f MB/s of %.2f (%.1f %%), want %.0f %%", got.speed/megabyte, best/megabyte, 100*got.speed/best, 100*tc.share)
				}
				if got.limit < tc.least || got.limit > tc.most {
					t.Errorf("%.1f files in flight on average, want %.1f to %.1f", got.limit, tc.least, tc.most)
				}
			}
		})
	}
}

// TestTunerFindsTheLineSoon is about the minutes that a small session lasts.
func TestTunerFindsTheLineSoon(t *testing.T) {
	far := road{rate: 25 * megabyte, overhead: 900 * time.Millisecond, size: 2 * megabyte, unit: 2 * megabyte}
	c := newTuner(smallFiles)
	got := far.drive(c, 40*time.Second, 1) // judged by its last 20 s
	if got.speed < 0.9*far.rate {
		t.Errorf("after 20 s: %.1f MB/s of %.1f with %d files in flight", got.speed/megabyte, far.rate/megabyte, c.limit)
	}
}

func TestTunerKeepsBelowWhatIsRefused(t *testing.T) {
	for _, most := range []int{1, 3, 6, 13} {
		strict := road{rate: 100 * megabyte, overhead: time.Second, size: 2 * megabyte, unit: 2 * megabyte, most: most}
		got := strict.drive(newTuner(smallFiles), 2*time.Hour, 1)
		if best := strict.speed(most); got.speed < 0.8*best {
			t.Errorf("at most %d: %.2f MB/s of %.2f", most, got.speed/megabyte, best/megabyte)
		}
		if got.limit > float64(most)*1.02 || got.refused > 12 {
			t.Errorf("at most %d: %.2f files in flight on average, %d refused in an hour", most, got.limit, got.refused)
		}
	}
}

func TestTunerForgivesASingleFailure(t *testing.T) {
	c := newTuner(smallFiles)
	now := time.Unix(0, 0)
	for range 100 { // a service that fails once a minute
		now = now.Add(time.Minute)
		c.refused(now, false)
	}
	if c.limit != smallFiles.start {
		t.Errorf("%d files in flight after failures a minute apart, want %d", c.limit, smallFiles.start)
	}
	for range strikeOut {
		now = now.Add(time.Second)
		c.refused(now, false)
	}
	if c.limit >= smallFiles.start {
		t.Errorf("%d files in flight after %d failures in a row", c.limit, strikeOut)
	}
	low := c.limit
	c.refused(now, true) // of a file that started before
	if c.limit != low {
		t.Errorf("cut twice for what failed together: %d, then %d", low, c.limit)
	}
}

// TestTunerWithoutWork keeps the limit while files do not come fast enough to
// reach it: such a rate says nothing about the line.
func TestTunerWithoutWork(t *testing.T) {
	c := newTuner(smallFiles)
	now := time.Unix(0, 0)
	for range 10_000 {
		now = now.Add(500 * time.Millisecond)
		c.starved(100 * time.Millisecond)
		c.moved(now, 2*megabyte, true)
		if c.limit != smallFiles.start {
			t.Fatalf("%d files in flight, want %d", c.limit, smallFiles.start)
		}
	}
}

func TestTunerKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom([]sizeClass{smallFiles, largeFiles}).Draw(t, "class")
		c := newTuner(k)
		now := time.Unix(0, 0)
		for range rapid.IntRange(1, 3000).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "after")))
			switch rapid.IntRange(0, 60).Draw(t, "event") {
			case 0:
				c.refused(now, true)
			case 1:
				c.refused(now, false)
			case 2:
				c.starved(time.Second)
			default:
				c.moved(now, rapid.Int64Range(0, 1<<40).Draw(t, "bytes"), rapid.Bool().Draw(t, "own"))
			}
			if c.limit < 1 || c.limit > k.most || c.proven < 1 || c.proven > k.most {
				t.Fatalf("limit %d, proven %d, want 1 to %d", c.limit, c.proven, k.most)
			}
		}
	})
}
