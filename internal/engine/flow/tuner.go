package flow

import "time"

// sizeClass says how the number of files of one class of sizes is found.
type sizeClass struct {
	start, least, most int           // files in flight
	warm, span         time.Duration // not measured after a change, and measured
	longest            time.Duration // measured even if few files have passed
	gentle             bool          // never try twice as many: what has begun goes on for long
}

// Photos cost round trips more than bytes, so that many have to be on their way
// at once. Of videos each fills the line for minutes, and few at once get done;
// their bytes show what a socket's buffer took in rather than the line unless
// they are watched for long.
var (
	smallFiles = sizeClass{start: 8, least: 4, most: 24, warm: time.Second, span: 4 * time.Second, longest: 40 * time.Second}
	largeFiles = sizeClass{start: 3, least: 2, most: 8, warm: 10 * time.Second, span: 20 * time.Second, longest: 20 * time.Second, gentle: true}
)

const (
	// leastGain is what more files in flight must gain to be worth it. Fewer may
	// lose a third of it.
	leastGain = 0.04
	// turnover is how often the files in flight must have been replaced by others
	// for a rate to be believed.
	turnover = 10
	// mostIdle is the share of a measurement during which a file might have
	// started and none was there.
	mostIdle = 0.05

	firstRest = 15 * time.Second // after a probe that gained nothing
	mostRest  = 4 * time.Minute

	// Fewer files are in flight after a refusal of the service: at once if it asks
	// for fewer requests, else if it refuses strikeOut times with no more than
	// strikeSpan between them.
	strikeOut  = 3
	strikeSpan = 10 * time.Second
	// ceilingLasts is how long the number at which it refused is kept away from.
	ceilingLasts = 10 * time.Minute
)

// tuner finds how many files of a class must be in flight to fill the line. It
// measures, tries more or fewer, and keeps what is faster: more only if that
// gains, since the same speed with more in flight is nothing but latency. It owns
// no clock and is not safe for concurrent use.
type tuner struct {
	sizeClass
	limit  int     // files that may be in flight now
	proven int     // the limit that is kept if the probe shows nothing
	base   float64 // bytes a second at proven; 0: not measured yet

	since   time.Time // of the measurement, or of the change before it
	warming bool
	bytes   int64
	units   int
	idle    time.Duration

	climbed bool      // a probe upwards has failed: go in small steps
	down    bool      // direction of the next probe
	resume  time.Time // no probe before
	rest    time.Duration

	ceiling      int // most files, while ceilingUntil lasts
	ceilingUntil time.Time
	strikes      int
	struck       time.Time
	cut          time.Time
}

func newTuner(c sizeClass) *tuner {
	return &tuner{sizeClass: c, limit: c.start, proven: c.start, warming: true, rest: firstRest}
}

// moved counts bytes that went over the line, whatever they belong to; own
// says that they are a unit of this class: a small file, or a read of a large one.
func (t *tuner) moved(now time.Time, n int64, own bool) {
	if t.since.IsZero() {
		t.measure(now)
	}
	t.bytes += n
	if !own {
		return
	}
	t.units++
	elapsed := now.Sub(t.since)
	switch {
	case t.warming && (elapsed >= t.warm && t.units >= t.limit || elapsed >= t.longest):
		t.measure(now)
		t.warming = false
	case t.warming:
	case elapsed >= t.span && t.units >= turnover*t.limit || elapsed >= t.longest:
		t.judge(now, elapsed)
	}
}

// starved adds the time for which a file might have started and none was there.
func (t *tuner) starved(d time.Duration) { t.idle += d }

func (t *tuner) measure(now time.Time) {
	t.since, t.bytes, t.units, t.idle = now, 0, 0, 0
}

// judge draws the conclusion from a measurement and begins the next.
func (t *tuner) judge(now time.Time, elapsed time.Duration) {
	rate := float64(t.bytes) / elapsed.Seconds()
	gain := max(leastGain, 2/float64(max(t.units, 1))) // files are whole: so much is chance
	probing := t.limit - t.proven
	switch {
	case t.idle.Seconds() > mostIdle*elapsed.Seconds():
		t.limit = t.proven // it is not the limit that limits
	case probing > 0 && rate >= t.base*(1+gain):
		t.proven, t.base, t.rest = t.limit, rate, firstRest
		t.probe(now)
	case probing < 0 && rate >= t.base*(1-gain/3):
		t.proven, t.rest = t.limit, firstRest
		t.probe(now)
	case probing != 0:
		t.reject(now, probing)
	default:
		t.base = rate
		if !now.Before(t.resume) {
			t.probe(now)
		}
	}
	t.measure(now)
	t.warming = true
}

func (t *tuner) reject(now time.Time, probing int) {
	t.limit = t.proven
	t.climbed = t.climbed || probing > 0
	t.down = probing > 0
	t.resume = now.Add(t.rest)
	t.rest = min(2*t.rest, mostRest)
}

// probe tries another limit: twice as many files until that gains nothing, a
// quarter more or less from then on.
func (t *tuner) probe(now time.Time) {
	top := t.top(now)
	switch {
	case t.down && t.proven <= t.least:
		t.down = false
	case !t.down && t.proven >= top:
		t.down = true
	}
	step := t.proven
	if t.climbed || t.gentle {
		step = max(t.proven/4, 1)
	}
	if t.down {
		t.limit = max(t.proven-max(t.proven/4, 1), min(t.least, t.proven))
		return
	}
	t.limit = min(t.proven+step, top)
}

// top is the most files that may be in flight.
func (t *tuner) top(now time.Time) int {
	if now.Before(t.ceilingUntil) {
		return t.ceiling
	}
	return t.most
}

// refused counts a refusal of the service; slow says that it asked for fewer
// requests.
func (t *tuner) refused(now time.Time, slow bool) {
	if now.Sub(t.struck) > strikeSpan {
		t.strikes = 0
	}
	t.struck = now
	if t.strikes++; slow {
		t.strikes = strikeOut
	}
	if t.strikes < strikeOut || now.Sub(t.cut) < strikeSpan {
		return // the files that were refused together are answered once
	}
	t.strikes, t.cut = 0, now
	t.ceiling, t.ceilingUntil = max(t.limit-1, 1), now.Add(ceilingLasts)
	t.limit = max(t.limit*2/3, 1)
	t.proven, t.base, t.down, t.climbed = t.limit, 0, false, true
	t.resume = now.Add(t.rest)
	t.rest = min(2*t.rest, mostRest)
	t.measure(now)
	t.warming = true
}

// restart forgets what was measured, not what was found.
func (t *tuner) restart(now time.Time) {
	t.limit, t.base = t.proven, 0
	t.measure(now)
	t.warming = true
}
