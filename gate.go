package gondola

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// MostTransfers is the most files that are in flight at once unless Options ask
// for more.
const MostTransfers = 32

// gate lets files start: a fixed number at a time, or as many of each kind as
// fill the line. One goroutine enters; everything else is safe for concurrent
// use.
type gate struct {
	log   *slog.Logger
	fixed int           // files of all kinds in flight; 0: found out
	freed chan struct{} // one slot: there may be room again

	mu    sync.Mutex // guards lanes
	lanes [2]lane
}

// lane is the files of one kind.
type lane struct {
	name     string
	climber  *climber
	inFlight int
	wanted   bool      // somebody waits for a place
	idle     time.Time // since when there is room and nobody wants it; zero: not so
}

// The lanes of a gate.
const (
	small = iota
	large
)

func newGate(fixed int, log *slog.Logger) *gate {
	return &gate{log: log, fixed: fixed, freed: make(chan struct{}, 1), lanes: [2]lane{
		small: {name: "small", climber: newClimber(smallFiles)},
		large: {name: "large", climber: newClimber(largeFiles)},
	}}
}

// smallFile is the largest file, in bytes, that costs round trips rather than
// time on the line.
const smallFile = 32 << 20

func laneOf(item media.Item) int {
	if item.Size > smallFile || item.Size == media.SizeUnknown && item.Kind != media.Photo {
		return large
	}
	return small
}

// enter waits until the item may start. What comes behind it in the listing
// waits as well: whatever keeps it waiting has filled the line.
func (g *gate) enter(ctx context.Context, item media.Item) (*place, error) {
	p := &place{gate: g, lane: laneOf(item)}
	for !g.admit(p.lane) {
		select {
		case <-g.freed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return p, nil
}

func (g *gate) admit(to int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	l := &g.lanes[to]
	l.settleIdle(now)
	if l.wanted = g.full(l); l.wanted {
		return false
	}
	l.inFlight++
	if !g.full(l) {
		l.idle = now
	}
	return true
}

func (g *gate) full(l *lane) bool {
	if g.fixed > 0 {
		return g.lanes[small].inFlight+g.lanes[large].inFlight >= g.fixed
	}
	return l.inFlight >= l.climber.limit
}

// settleIdle tells the climber how long the lane has been idle.
func (l *lane) settleIdle(now time.Time) {
	if !l.idle.IsZero() {
		l.climber.starved(now.Sub(l.idle))
		l.idle = time.Time{}
	}
}

// change lets f tell a lane's climber something. It needs g.mu.
func (g *gate) change(of int, f func(c *climber, now time.Time)) {
	l := &g.lanes[of]
	now := time.Now()
	l.settleIdle(now)
	before := l.climber.limit
	f(l.climber, now)
	if after := l.climber.limit; after != before {
		g.log.Debug("files in flight", "kind", l.name, "most", after, "before", before)
	}
	if !g.full(l) && !l.wanted {
		l.idle = now
	}
	g.wake()
}

// wake tells who waits that there is room. It needs g.mu.
func (g *gate) wake() {
	for i := range g.lanes {
		if l := &g.lanes[i]; l.wanted && !g.full(l) {
			select {
			case g.freed <- struct{}{}:
			default:
			}
		}
	}
}

// place is what a file in flight holds. A nil one is of no gate.
type place struct {
	gate *gate
	lane int
}

// sent counts bytes on their way to the destination. Those of a small file count
// when it has arrived: until then a socket's buffer may hold all of it.
func (p *place) sent(n int64) {
	if p != nil && p.lane == large {
		p.moved(n)
	}
}

// arrived counts a finished file.
func (p *place) arrived(size int64) {
	if p != nil && p.lane == small {
		p.moved(size)
	}
}

func (p *place) moved(n int64) {
	if p.gate.fixed > 0 {
		return
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	for i := range p.gate.lanes {
		p.gate.change(i, func(c *climber, now time.Time) { c.moved(now, n, i == p.lane) })
	}
}

// failed is told of every failure that the file meets, whatever becomes of it.
func (p *place) failed(err error) {
	code := fault.CodeOf(err)
	if p == nil || code != fault.Rate && code != fault.Server {
		return
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.change(p.lane, func(c *climber, now time.Time) { c.refused(now, code == fault.Rate) })
}

// leave gives the place to another file.
func (p *place) leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.lanes[p.lane].inFlight--
	p.gate.change(p.lane, func(*climber, time.Time) {})
}
