package resumable

import (
	"math"
	"sync"
	"time"
)

const (
	// mostStakeTime is how long the line takes for the bytes that may be in
	// single requests at once.
	mostStakeTime = 2 * time.Second
	// stakeShare is the part of what the server has taken that may be in single
	// requests at once: 1 of so many.
	stakeShare = 8
	// rateMemory is how long a measurement of the line counts, fading.
	rateMemory = 20 * time.Second
)

// stake bounds the bytes in single requests, which a process that dies loses
// whole: to two seconds of the line, as far as it has been measured, and to an
// eighth of what the server has taken. Uploads beyond that go in sessions, which
// survive. The zero stake is ready; it is safe for concurrent use.
type stake struct {
	mu      sync.Mutex // guards what follows
	single  int64      // bytes in single requests
	running int        // uploads
	taken   int64      // bytes that the server has confirmed

	since   time.Time // of what follows, while uploads run
	bytes   float64   // confirmed, fading
	seconds float64   // in which uploads ran, fading
}

// begin notes that an upload runs.
func (s *stake) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fade()
	s.running++
}

// end notes that an upload runs no more.
func (s *stake) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fade()
	s.running--
}

// confirmed notes that the server has taken n bytes.
func (s *stake) confirmed(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fade()
	s.bytes += float64(n)
	s.taken += n
}

// fade accounts for the time since the last change. It needs s.mu.
func (s *stake) fade() {
	now := time.Now()
	if s.running > 0 {
		passed := now.Sub(s.since).Seconds()
		kept := math.Exp(-passed / rateMemory.Seconds())
		s.bytes *= kept
		s.seconds = s.seconds*kept + passed
	}
	s.since = now
}

// put reserves n bytes for a single request if there is room for them. A file
// of a few granules has no use for a session: nothing of it would be kept.
func (s *stake) put(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > defaultGranularity && s.single+n > s.room() {
		return false
	}
	s.single += n
	return true
}

// add reserves n bytes without asking for room.
func (s *stake) add(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.single += n
}

// take releases n bytes.
func (s *stake) take(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.single -= n
}

// room is how many bytes may be in single requests. It needs s.mu.
func (s *stake) room() int64 {
	if s.seconds <= 0 {
		return 0
	}
	return min(int64(s.bytes/s.seconds*mostStakeTime.Seconds()), s.taken/stakeShare)
}
