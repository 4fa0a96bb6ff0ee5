package cli

import (
	"sync"
	"time"

	"github.com/gondola-sync/gondola/progress"
)

// watcher shows a run. Its methods are called one at a time.
type watcher interface {
	event(progress.Event)
	// tick is called each second, and once more at the end.
	tick(progress.Snapshot)
	// close takes down what the watcher has put up.
	close()
}

// held is how many events may wait for the watchers: a reader of the output that
// is slower than the run holds it up beyond that, so that no line is lost.
const held = 1024

// monitor feeds a run's events and its progress to watchers.
type monitor struct {
	bus      *progress.Bus
	watchers []watcher
	done     chan struct{} // closed by stop
	fed      sync.WaitGroup

	mu       sync.Mutex // guards the watchers and what follows
	progress func() progress.Snapshot
}

// watch shows the events of a bus; show adds the progress, and stop ends both.
func watch(bus *progress.Bus, watchers ...watcher) *monitor {
	m := &monitor{bus: bus, watchers: watchers, done: make(chan struct{})}
	events := bus.Subscribe(held, progress.Hold)
	m.fed.Go(func() {
		for e := range events.Events() {
			m.each(func(w watcher) { w.event(e) })
		}
	})
	return m
}

// show shows the progress of a run each second.
func (m *monitor) show(snapshot func() progress.Snapshot) {
	m.progress = snapshot
	m.fed.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-m.done:
				return
			case <-ticker.C:
				m.tick()
			}
		}
	})
}

func (m *monitor) tick() {
	if m.progress == nil {
		return
	}
	p := m.progress()
	m.each(func(w watcher) { w.tick(p) })
}

func (m *monitor) each(do func(watcher)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.watchers {
		do(w)
	}
}

// stop shows what was published and the last progress, and closes the watchers.
func (m *monitor) stop() {
	m.bus.Close()
	close(m.done)
	m.fed.Wait()
	m.tick()
	m.each(watcher.close)
}
