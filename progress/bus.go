package progress

import (
	"iter"
	"sync"
)

// Bus passes events to its subscribers. The zero value is ready; it is safe for
// concurrent use.
type Bus struct {
	mu     sync.Mutex // guards what follows, and the order of events
	subs   []*Subscription
	closed bool
}

// Overflow says what happens to an event that does not fit into a subscriber's
// buffer.
type Overflow int

// What happens to events that do not fit.
const (
	Drop Overflow = iota // they are dropped and counted
	Hold                 // the publisher, and with it the run, waits for room
)

// Subscription receives the events of a [Bus]. Make it with [Bus.Subscribe].
type Subscription struct {
	bus      *Bus
	overflow Overflow
	events   chan Event
	size     int
	dropped  int // guarded by bus.mu; not reported yet

	once   sync.Once
	closed chan struct{}
}

// Subscribe returns a subscription to the events that are published from now on,
// with a buffer of so many, at least 2.
func (b *Bus) Subscribe(size int, overflow Overflow) *Subscription {
	size = max(size, 2)
	s := &Subscription{
		bus: b, overflow: overflow, size: size,
		events: make(chan Event, size+1), // one for the count of those dropped
		closed: make(chan struct{}),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.events)
		return s
	}
	b.subs = append(b.subs, s)
	return s
}

// Publish passes an event to all subscribers, in the same order to each. It
// waits only for those that hold.
func (b *Bus) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, s := range b.subs {
		s.deliver(e)
	}
}

// Close ends all subscriptions: each yields what its buffer holds, and ends.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	for _, s := range b.subs {
		if s.dropped > 0 {
			s.events <- Dropped{s.dropped} // its own place in the buffer
		}
		close(s.events)
	}
	b.subs = nil
}

// deliver puts an event into the buffer. It needs bus.mu.
func (s *Subscription) deliver(e Event) {
	if s.overflow == Hold {
		select {
		case s.events <- e:
		case <-s.closed:
		}
		return
	}
	room := s.size - len(s.events)
	if s.dropped > 0 && room > 1 {
		s.events <- Dropped{s.dropped}
		s.dropped, room = 0, room-1
	}
	if s.dropped > 0 || room < 1 {
		s.dropped++
		return
	}
	s.events <- e
}

// Events iterates the events until the bus or the subscription is closed. One
// goroutine may iterate at a time.
func (s *Subscription) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			select {
			case e, ok := <-s.events:
				if !ok || !yield(e) {
					return
				}
			case <-s.closed:
				return
			}
		}
	}
}

// Close ends the subscription; what its buffer holds is lost. A publisher that
// waits for room goes on.
func (s *Subscription) Close() {
	s.once.Do(func() { close(s.closed) })
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.subs {
		if other == s {
			b.subs = append(b.subs[:i:i], b.subs[i+1:]...)
			return
		}
	}
}
