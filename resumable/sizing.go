package resumable

import "time"

// Sizing chooses segment lengths: long enough that a round trip between two
// does not count, short enough that a dropped one does not hurt. Zero fields
// are filled with defaults.
type Sizing struct {
	Target time.Duration // how long a segment should take; default 20 s
	First  int64         // bytes of the first segment; default 16 MiB
	Min    int64         // bytes; default 8 MiB
	Max    int64         // bytes; default 1 GiB
}

const mib = 1 << 20

func (s Sizing) withDefaults() Sizing {
	if s.Target <= 0 {
		s.Target = 20 * time.Second
	}
	if s.First <= 0 {
		s.First = 16 * mib
	}
	if s.Min <= 0 {
		s.Min = min(8*mib, s.First)
	}
	if s.Max <= 0 {
		s.Max = max(1<<30, s.First)
	}
	return s
}

// planner sizes the segments of one upload.
type planner struct {
	sizing Sizing
	next   int64 // bytes, before rounding
}

func newPlanner(s Sizing) *planner {
	return &planner{sizing: s, next: s.First}
}

// length returns the next segment's length: all that remains, or a multiple of
// unit that leaves something for the next.
func (p *planner) length(remaining, unit int64) int64 {
	n := p.whole(unit)
	if n >= remaining {
		return remaining
	}
	return n
}

// whole returns the length of the next segment if enough remains.
func (p *planner) whole(unit int64) int64 { return max(p.next/unit, 1) * unit }

// sent learns that n bytes took d. One segment may grow by a factor of four
// and shrink by as much, so that a hiccup is not taken for the line.
func (p *planner) sent(n int64, d time.Duration) {
	if n <= 0 {
		return
	}
	want := 4 * float64(p.next)
	if d > 0 {
		want = min(want, float64(n)/d.Seconds()*p.sizing.Target.Seconds())
	}
	want = max(want, float64(p.next)/4)
	p.next = min(max(int64(want), p.sizing.Min), p.sizing.Max)
}

// failed makes the next segment shorter: a line that drops drops again.
func (p *planner) failed() {
	p.next = max(p.next/2, p.sizing.Min)
}
