package line

import (
	"cmp"
	"sync/atomic"
	"time"
)

const (
	packetSize   = 16 << 10 // bytes that pass in one turn
	defaultQueue = 50 * time.Millisecond
)

// leg is the bottleneck of one direction. Its queue is a number: how long what
// was put on the line takes to leave it.
type leg struct {
	Leg
	carried atomic.Int64  // bytes delivered
	turn    chan struct{} // full while someone puts bytes on the line; those who wait come in order
	free    time.Time     // belongs to who has the turn: when everything has left the bottleneck
}

func newLeg(l Leg) *leg {
	l.Queue = cmp.Or(l.Queue, defaultQueue)
	return &leg{Leg: l, turn: make(chan struct{}, 1), free: time.Now()}
}

// send puts n bytes on the line when the queue has room for them, and returns
// when they arrive. It reports false if done came first.
func (l *leg) send(n int, done <-chan struct{}) (arrival time.Time, ok bool) {
	if l.Rate <= 0 {
		return time.Now().Add(l.Delay), true
	}
	select {
	case l.turn <- struct{}{}:
	case <-done:
		return time.Time{}, false
	}
	defer func() { <-l.turn }()
	if !sleep(time.Until(l.free)-l.Queue, done) {
		return time.Time{}, false
	}
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / float64(l.Rate) * float64(time.Second)))
	return l.free.Add(l.Delay), true
}

// leastWindow is for lines whose rate says nothing about what may be under way.
const leastWindow = 64 // packets

// window is how many packets of one connection may be under way: twice what
// fills the line, so that one connection can.
func (l *leg) window() int {
	if l.Rate <= 0 {
		return 64 * leastWindow
	}
	full := float64(l.Rate) * (l.Queue + l.Delay).Seconds() / packetSize
	return leastWindow + 2*int(full)
}
