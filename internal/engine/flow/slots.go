package flow

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// MostTransfers is the most files that are in flight at once unless a fixed
// number is asked for.
const MostTransfers = 32

// ErrPaused is the cause of the end of a transfer that a pause interrupts.
var ErrPaused = errors.New("the run is paused")

// Slots lets files start: a fixed number at a time, or as many of each class as
// fill the line. One goroutine calls Enter; everything else is safe for
// concurrent use.
type Slots struct {
	log   *slog.Logger
	freed chan struct{} // one slot: there may be room again

	mu      sync.Mutex // guards what follows
	fixed   int        // files of all classes in flight; 0: found out
	paused  bool
	classes [2]class
	cancel  map[*Slot]context.CancelCauseFunc // of large files in flight
}

// class is the files of one class of sizes.
type class struct {
	name     string
	tuner    *tuner
	inFlight int
	wanted   bool      // a file waits for a slot
	idle     time.Time // since when there is room and no file wants it; zero: not so
}

// The classes.
const (
	small = iota
	large
)

// NewSlots returns slots for a fixed number of files, or for as many as fill the
// line if fixed is 0.
func NewSlots(fixed int, log *slog.Logger) *Slots {
	return &Slots{
		log: log, fixed: fixed, freed: make(chan struct{}, 1),
		classes: [2]class{
			small: {name: "small", tuner: newTuner(smallFiles)},
			large: {name: "large", tuner: newTuner(largeFiles)},
		},
		cancel: map[*Slot]context.CancelCauseFunc{},
	}
}

// smallFile is the largest file, in bytes, that costs round trips rather than
// time on the line.
const smallFile = 32 << 20

func classOf(item media.Item) int {
	if item.Size > smallFile || item.Size == media.SizeUnknown && item.Kind != media.Photo {
		return large
	}
	return small
}

// Enter waits until the item may start. What comes behind it in the listing
// waits as well: whatever keeps it waiting has filled the line. The context that
// is returned ends with the cause ErrPaused when a large file is interrupted by
// a pause.
func (s *Slots) Enter(ctx context.Context, item media.Item) (context.Context, *Slot, error) {
	slot := &Slot{slots: s, class: classOf(item)}
	for {
		if itemCtx, ok := s.admit(ctx, slot); ok {
			return itemCtx, slot, nil
		}
		select {
		case <-s.freed:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

func (s *Slots) admit(ctx context.Context, slot *Slot) (context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	c := &s.classes[slot.class]
	c.endIdle(now)
	if c.wanted = s.full(c); c.wanted {
		return nil, false
	}
	c.inFlight++
	if !s.full(c) {
		c.idle = now
	}
	if slot.class == large {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		s.cancel[slot] = cancel
	}
	return ctx, true
}

func (s *Slots) full(c *class) bool {
	switch {
	case s.paused:
		return true
	case s.fixed > 0:
		return s.classes[small].inFlight+s.classes[large].inFlight >= s.fixed
	}
	return c.inFlight >= c.tuner.limit
}

// endIdle counts how long the class has been idle.
func (c *class) endIdle(now time.Time) {
	if !c.idle.IsZero() {
		c.tuner.starved(now.Sub(c.idle))
		c.idle = time.Time{}
	}
}

// change applies f to the tuner of a class. It needs s.mu.
func (s *Slots) change(of int, f func(t *tuner, now time.Time)) {
	c := &s.classes[of]
	now := time.Now()
	c.endIdle(now)
	before := c.tuner.limit
	f(c.tuner, now)
	if after := c.tuner.limit; after != before {
		s.log.Debug("files in flight", "kind", c.name, "most", after, "before", before)
	}
	if !s.full(c) && !c.wanted {
		c.idle = now
	}
	s.wake()
}

// wake wakes Enter if there is room for the file that waits. It needs s.mu.
func (s *Slots) wake() {
	for i := range s.classes {
		if c := &s.classes[i]; c.wanted && !s.full(c) {
			select {
			case s.freed <- struct{}{}:
			default:
			}
		}
	}
}

// Pause lets no further file start, and interrupts large files: what the
// destination has confirmed of them is not sent again. Small files in flight are
// finished.
func (s *Slots) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
	for i := range s.classes {
		s.classes[i].idle = time.Time{}
	}
	for _, cancel := range s.cancel {
		cancel(ErrPaused)
	}
}

// Resume lets files start again after a Pause.
func (s *Slots) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = false
	s.remeasure()
}

// SetFixed lets a fixed number of files be in flight from now on; 0 finds out how
// many fill the line. Files in flight are finished.
func (s *Slots) SetFixed(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed = max(n, 0)
	s.remeasure()
}

// remeasure begins the measurements anew: what was measured before does not
// compare. It needs s.mu.
func (s *Slots) remeasure() {
	for i := range s.classes {
		s.change(i, func(t *tuner, now time.Time) { t.restart(now) })
	}
}

// State returns the fixed number of files, or 0, and whether the slots are paused.
func (s *Slots) State() (fixed int, paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fixed, s.paused
}

// Slot is what a file in flight holds.
type Slot struct {
	slots *Slots
	class int
}

// Sent counts bytes on their way to the destination. Those of a small file count
// when it has arrived: until then a socket's buffer may hold all of it.
func (s *Slot) Sent(n int64) {
	if s.class == large {
		s.moved(n)
	}
}

// Arrived counts a finished file.
func (s *Slot) Arrived(size int64) {
	if s.class == small {
		s.moved(size)
	}
}

func (s *Slot) moved(n int64) {
	slots := s.slots
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if slots.fixed > 0 || slots.paused {
		return // nothing is found out, or less flows than could
	}
	for i := range slots.classes {
		slots.change(i, func(t *tuner, now time.Time) { t.moved(now, n, i == s.class) })
	}
}

// Failed counts a failure that the file meets, whatever becomes of it.
func (s *Slot) Failed(err error) {
	code := fault.CodeOf(err)
	if code != fault.Rate && code != fault.Server {
		return
	}
	s.slots.mu.Lock()
	defer s.slots.mu.Unlock()
	s.slots.change(s.class, func(t *tuner, now time.Time) { t.refused(now, code == fault.Rate) })
}

// Leave releases the slot.
func (s *Slot) Leave() {
	slots := s.slots
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if cancel := slots.cancel[s]; cancel != nil {
		cancel(nil)
		delete(slots.cancel, s)
	}
	slots.classes[s.class].inFlight--
	slots.change(s.class, func(*tuner, time.Time) {})
}
