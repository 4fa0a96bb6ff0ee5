package gondola

import (
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// The engine's side of Metrics: each method is told of one thing that happened.

func (m *Metrics) begin(c state.Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = time.Now()
	m.inFlight = map[string]*InFlight{}
	m.itemsTotal = c.Total
	m.itemsDone = c.Total - c.Outcomes[state.OutcomePending] - c.Outcomes[state.OutcomeFailed]
	m.bytesTotal, m.bytesDone = c.Bytes, c.Carried
}

func (m *Metrics) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = time.Now()
}

// listed counts an item that discovery has stored.
func (m *Metrics) listed(it *state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.itemsTotal++
	if it.Refusal != nil {
		m.itemsDone++
		return
	}
	m.bytesTotal += max(it.Size, 0)
	if it.Awaits() == "" {
		m.itemsDone++
		m.bytesDone += max(it.Size, 0)
	}
}

// refused counts an item that turned out to be refused when it was opened.
func (m *Metrics) refused(it *state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.itemsDone++
	m.bytesTotal -= max(it.Size, 0)
}

func (m *Metrics) start(it *state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uploading.enter(time.Now())
	f := &InFlight{Name: it.Name, Size: it.Size, key: it.ID.Key()}
	if it.Checkpoint != nil {
		f.Done = it.Checkpoint.Confirmed
	}
	m.inFlight[it.Name] = f
}

func (m *Metrics) stop(it *state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uploading.leave(time.Now())
	delete(m.inFlight, it.Name)
}

func (m *Metrics) confirmed(it *state.Item, size, confirmed int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.inFlight[it.Name]
	m.learnSize(f, size)
	f.Done = max(f.Done, confirmed)
}

// learnSize adds a size that was not known at listing to the total.
func (m *Metrics) learnSize(f *InFlight, size int64) {
	if f.Size == media.SizeUnknown {
		f.Size = size
		m.bytesTotal += size
	}
}

func (m *Metrics) sent(it *state.Item, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uploaded += n
	m.inFlight[it.Name].Done += n
}

func (m *Metrics) sentAgain(it *state.Item, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resent += n
	m.inFlight[it.Name].Done -= n
}

// carried moves an item's bytes from those in flight to those done.
func (m *Metrics) carried(it *state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.inFlight[it.Name]
	m.learnSize(f, it.Carried)
	f.Done = 0
	m.bytesDone += it.Carried
}

func (m *Metrics) created(*state.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.itemsDone++
}

func (m *Metrics) read(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.downloaded += int64(n)
}

func (m *Metrics) opened() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.downloading.enter(time.Now())
}

func (m *Metrics) closed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.downloading.leave(time.Now())
}
