package gondola

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Metrics counts what a run moves and shows what is in flight. It is safe for
// concurrent use and may be read at any time while the run goes on. The zero
// value is ready; one Metrics serves one run.
type Metrics struct {
	mu sync.Mutex // guards everything below

	started     time.Time
	ended       time.Time
	downloaded  int64
	uploaded    int64
	resent      int64
	downloading span
	uploading   span

	itemsTotal, itemsDone int
	bytesTotal, bytesDone int64
	inFlight              map[string]*InFlight
}

// Snapshot is what was moved up to one moment.
type Snapshot struct {
	Downloaded int64 // bytes read from the source
	Uploaded   int64 // bytes handed to the destination
	Resent     int64 // bytes of Uploaded that the destination had been sent before

	Downloading time.Duration // with at least one item open at the source
	Uploading   time.Duration // with at least one upload open at the destination
	Wall        time.Duration // since the run began
}

// Progress is how far a run has come. Totals grow while the listing goes on.
type Progress struct {
	ItemsTotal, ItemsDone int
	BytesTotal, BytesDone int64 // sizes that are not known yet count nothing
	InFlight              []InFlight
}

// InFlight is one item on its way.
type InFlight struct {
	Name string
	Size int64 // bytes, or media.SizeUnknown
	Done int64 // bytes the destination has been handed, earlier runs included
	key  string
}

// Snapshot returns what was moved up to now.
func (m *Metrics) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := cmp.Or(m.ended, time.Now())
	s := Snapshot{
		Downloaded:  m.downloaded,
		Uploaded:    m.uploaded,
		Resent:      m.resent,
		Downloading: m.downloading.total(now),
		Uploading:   m.uploading.total(now),
	}
	if !m.started.IsZero() {
		s.Wall = now.Sub(m.started)
	}
	return s
}

// Progress returns how far the run has come, items in flight by name.
func (m *Metrics) Progress() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{
		ItemsTotal: m.itemsTotal, ItemsDone: m.itemsDone,
		BytesTotal: m.bytesTotal, BytesDone: m.bytesDone,
	}
	for _, f := range m.inFlight {
		p.InFlight = append(p.InFlight, *f)
		p.BytesDone += f.Done
	}
	slices.SortFunc(p.InFlight, func(a, b InFlight) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.key, b.key))
	})
	return p
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
