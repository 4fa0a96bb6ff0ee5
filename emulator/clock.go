package emulator

import (
	"sync"
	"time"
)

// Clock is the emulated time: it runs with real time from where it was started
// and can be put forward. Everything that ages in the emulator ages by it. It is
// safe for concurrent use.
type Clock struct {
	start time.Time // emulated
	began time.Time // real, with its monotonic reading

	mu       sync.Mutex
	advanced time.Duration // guarded by mu
}

func newClock(start time.Time) *Clock {
	began := time.Now()
	if start.IsZero() {
		start = began
	}
	return &Clock{start: start.UTC().Round(0), began: began}
}

// Now returns the emulated time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start.Add(time.Since(c.began) + c.advanced)
}

// Advance puts the clock forward by d. A negative d is ignored: time does not
// run back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advanced += max(d, 0)
}
