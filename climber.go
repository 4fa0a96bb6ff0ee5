package gondola

import "time"

// kind says how the number of files of one kind is found.
type kind struct {
	start, least, most int           // files in flight
	warm, span         time.Duration // not measured after a change, and measured
	longest            time.Duration // measured even if few files have passed
	gentle             bool          // never try twice as many: what has begun goes on for long
}

// Photos cost round trips more than bytes, so that many have to be on their way
// at once. Of videos each fills the line for minutes, and few at once get done;
// their bytes tell more of what a socket's buffer took in than of the line unless
// they are watched for long.
var (
	smallFiles = kind{start: 8, least: 4, most: 24, warm: time.Second, span: 4 * time.Second, longest: 40 * time.Second}
	largeFiles = kind{start: 3, least: 2, most: 8, warm: 10 * time.Second, span: 20 * time.Second, longest: 20 * time.Second, gentle: true}
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

	// A service that refuses is asked for less: at once if it says that it is
	// asked for too much, else if it refuses strikeOut times with no more than
	// strikeSpan between them.
	strikeOut  = 3
	strikeSpan = 10 * time.Second
	// ceilingLasts is how long the number at which it refused is kept away from.
	ceilingLasts = 10 * time.Minute
)

// climber finds how many files of a kind must be in flight to fill the line. It
// measures, tries more or fewer, and keeps what is faster: more only if that
// gains, since the same speed with more in flight is nothing but latency. It owns
// no clock and is not safe for concurrent use.
type climber struct {
	kind
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

func newClimber(k kind) *climber {
	return &climber{kind: k, limit: k.start, proven: k.start, warming: true, rest: firstRest}
}

// moved is told of bytes that went over the line, whatever they belong to; own
// says that they are a unit of this kind: a small file, or a read of a large one.
func (c *climber) moved(now time.Time, n int64, own bool) {
	if c.since.IsZero() {
		c.measure(now)
	}
	c.bytes += n
	if !own {
		return
	}
	c.units++
	elapsed := now.Sub(c.since)
	switch {
	case c.warming && (elapsed >= c.warm && c.units >= c.limit || elapsed >= c.longest):
		c.measure(now)
		c.warming = false
	case c.warming:
	case elapsed >= c.span && c.units >= turnover*c.limit || elapsed >= c.longest:
		c.judge(now, elapsed)
	}
}

// starved is told for how long a file might have started and none was there.
func (c *climber) starved(d time.Duration) { c.idle += d }

func (c *climber) measure(now time.Time) {
	c.since, c.bytes, c.units, c.idle = now, 0, 0, 0
}

// judge draws the conclusion from a measurement and begins the next.
func (c *climber) judge(now time.Time, elapsed time.Duration) {
	rate := float64(c.bytes) / elapsed.Seconds()
	gain := max(leastGain, 2/float64(max(c.units, 1))) // files are whole: so much is chance
	probing := c.limit - c.proven
	switch {
	case c.idle.Seconds() > mostIdle*elapsed.Seconds():
		c.limit = c.proven // it is not the limit that limits
	case probing > 0 && rate >= c.base*(1+gain):
		c.proven, c.base, c.rest = c.limit, rate, firstRest
		c.probe(now)
	case probing < 0 && rate >= c.base*(1-gain/3):
		c.proven, c.rest = c.limit, firstRest
		c.probe(now)
	case probing != 0:
		c.reject(now, probing)
	default:
		c.base = rate
		if !now.Before(c.resume) {
			c.probe(now)
		}
	}
	c.measure(now)
	c.warming = true
}

func (c *climber) reject(now time.Time, probing int) {
	c.limit = c.proven
	c.climbed = c.climbed || probing > 0
	c.down = probing > 0
	c.resume = now.Add(c.rest)
	c.rest = min(2*c.rest, mostRest)
}

// probe tries another limit: twice as many files until that gains nothing, a
// quarter more or less from then on.
func (c *climber) probe(now time.Time) {
	top := c.top(now)
	switch {
	case c.down && c.proven <= c.least:
		c.down = false
	case !c.down && c.proven >= top:
		c.down = true
	}
	step := c.proven
	if c.climbed || c.gentle {
		step = max(c.proven/4, 1)
	}
	if c.down {
		c.limit = max(c.proven-max(c.proven/4, 1), min(c.least, c.proven))
		return
	}
	c.limit = min(c.proven+step, top)
}

// top is the most files that may be in flight.
func (c *climber) top(now time.Time) int {
	if now.Before(c.ceilingUntil) {
		return c.ceiling
	}
	return c.most
}

// refused is told that the service refused something; slow says that it asked to
// be asked for less.
func (c *climber) refused(now time.Time, slow bool) {
	if now.Sub(c.struck) > strikeSpan {
		c.strikes = 0
	}
	c.struck = now
	if c.strikes++; slow {
		c.strikes = strikeOut
	}
	if c.strikes < strikeOut || now.Sub(c.cut) < strikeSpan {
		return // the files that were refused together are answered once
	}
	c.strikes, c.cut = 0, now
	c.ceiling, c.ceilingUntil = max(c.limit-1, 1), now.Add(ceilingLasts)
	c.limit = max(c.limit*2/3, 1)
	c.proven, c.base, c.down, c.climbed = c.limit, 0, false, true
	c.resume = now.Add(c.rest)
	c.rest = min(2*c.rest, mostRest)
	c.measure(now)
	c.warming = true
}
