package cli

import (
	"sync"
	"time"

	"github.com/gondola-sync/gondola"
)

// watcher shows a run. Its methods are called one at a time.
type watcher interface {
	event(gondola.Event)
	// tick is called each second, and once more at the end.
	tick(pulse)
	// close takes down what the watcher has put up.
	close()
}

// pulse is the state of a run at one moment.
type pulse struct {
	gondola.Progress
	gondola.Snapshot
	Speed float64 // bytes a second handed to the destination lately
	Down  float64 // bytes a second read from the source lately
}

// monitor feeds a run's events and its pulse to watchers.
type monitor struct {
	metrics  *gondola.Metrics
	mu       sync.Mutex // guards watchers and the rates
	watchers []watcher
	up, down rate
	done     chan struct{}
	ticking  sync.WaitGroup
}

// watch starts the pulse; stop ends it.
func watch(metrics *gondola.Metrics, watchers ...watcher) *monitor {
	m := &monitor{metrics: metrics, watchers: watchers, done: make(chan struct{})}
	now := time.Now()
	m.up.add(now, 0)
	m.down.add(now, 0)
	m.ticking.Go(m.run)
	return m
}

func (m *monitor) run() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-m.done:
			return
		case now := <-ticker.C:
			m.beat(now)
		}
	}
}

func (m *monitor) beat(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := pulse{Progress: m.metrics.Progress(), Snapshot: m.metrics.Snapshot()}
	p.Speed, p.Down = m.up.add(now, p.Uploaded), m.down.add(now, p.Downloaded)
	for _, w := range m.watchers {
		w.tick(p)
	}
}

// event passes an event on; it fits gondola.Hooks.
func (m *monitor) event(e gondola.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.watchers {
		w.event(e)
	}
}

// stop gives the last pulse and closes the watchers.
func (m *monitor) stop() {
	close(m.done)
	m.ticking.Wait()
	m.beat(time.Now())
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.watchers {
		w.close()
	}
}

// rateSpan is the time over which a rate is averaged.
const rateSpan = 10 * time.Second

// rate is the speed of a counter over the last rateSpan.
type rate struct{ samples []sample }

type sample struct {
	at time.Time
	n  int64
}

// add takes a reading and returns the counter's speed per second.
func (r *rate) add(now time.Time, n int64) float64 {
	if len(r.samples) == 0 {
		r.samples = append(r.samples, sample{now, n})
		return 0
	}
	for len(r.samples) > 1 && now.Sub(r.samples[1].at) >= rateSpan {
		r.samples = r.samples[1:]
	}
	r.samples = append(r.samples, sample{now, n})
	oldest := r.samples[0]
	if span := now.Sub(oldest.at).Seconds(); span > 0 {
		return float64(n-oldest.n) / span
	}
	return 0
}
