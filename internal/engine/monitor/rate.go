package monitor

import "time"

// rateSpan is the time over which a rate is averaged.
const rateSpan = 10 * time.Second

// rate is the speed of a counter over the last rateSpan.
type rate struct {
	samples   []sample
	perSecond float64
}

type sample struct {
	at time.Time
	n  int64
}

// add takes a reading.
func (r *rate) add(now time.Time, n int64) {
	for len(r.samples) > 1 && now.Sub(r.samples[1].at) >= rateSpan {
		r.samples = r.samples[1:]
	}
	r.samples = append(r.samples, sample{now, n})
	if span := now.Sub(r.samples[0].at).Seconds(); span > 0 {
		r.perSecond = float64(n-r.samples[0].n) / span
	}
}

// span adds up the time during which at least one of something is open.
type span struct {
	open  int
	since time.Time
	sum   time.Duration
}

func (s *span) enter(now time.Time) {
	if s.open == 0 {
		s.since = now
	}
	s.open++
}

func (s *span) leave(now time.Time) {
	if s.open--; s.open == 0 {
		s.sum += now.Sub(s.since)
	}
}

func (s *span) total(now time.Time) time.Duration {
	if s.open > 0 {
		return s.sum + now.Sub(s.since)
	}
	return s.sum
}
