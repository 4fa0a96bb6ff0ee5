package lane

import (
	"slices"
	"time"

	"github.com/gondola-sync/gondola/station"
)

const (
	// quietTime is how long after its beginning a write of a process that died may
	// still be under way.
	quietTime = 10 * time.Second
	// slack is how much the clocks of two processes of a machine may differ, and
	// what is lost in rounding.
	slack = 50 * time.Millisecond
)

// window is when the latest writes to the account ended. The service counts a
// write when it arrives, which is not after its end: so no span of the service's
// own sees more than the pace allows.
type window struct {
	pace  station.Pace
	ended []time.Time // oldest first, of the last pace.Per
	quiet time.Time   // before this, no write begins
}

func (w *window) add(t time.Time) {
	if w.pace.Writes > 0 {
		w.ended = append(w.recent(t), t)
	}
}

// recent returns the times that count at now.
func (w *window) recent(now time.Time) []time.Time {
	first := slices.IndexFunc(w.ended, func(t time.Time) bool { return now.Sub(t) < w.pace.Per })
	if first < 0 {
		return nil
	}
	return w.ended[first:]
}

// wait returns how long a write has to wait at now.
func (w *window) wait(now time.Time) time.Duration {
	d := w.quiet.Sub(now)
	if n := w.pace.Writes; n > 0 && len(w.ended) >= n {
		d = max(d, w.ended[len(w.ended)-n].Add(w.pace.Per).Sub(now))
	}
	return d
}

// adopt replaces the window by the one that another process has left. r is nil if
// there is none.
func (w *window) adopt(r *record, now time.Time) {
	if r == nil {
		return
	}
	elapsed := r.elapsed(now)
	w.ended = nil
	for _, age := range r.Ages {
		w.ended = append(w.ended, now.Add(slack-elapsed-age.duration()))
	}
	if r.Writing {
		w.ended = append(w.ended, now)
		w.quiet = now.Add(quietTime - elapsed)
	}
}
