package monitor

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// Monitor counts what a run moves and publishes what happens in it. It is safe
// for concurrent use. Make it with New.
type Monitor struct {
	log     *slog.Logger
	publish func(progress.Event)
	journal atomic.Pointer[recorder] // nil: nothing is recorded

	mu          sync.Mutex // guards what follows
	began       time.Time
	ended       time.Time
	stages      map[state.Stage]state.Status
	moved       progress.Moved
	downloading span
	uploading   span
	down, up    rate

	itemsTotal, itemsDone int
	bytesTotal, bytesDone int64
	failed                map[int64]bool // Seqs of items whose last stage failed
	unstored              int            // items that no store can keep
	inFlight              map[*Transfer]bool
	interrupted           map[int64]interruption // by a pause, by Seq
	waits                 []progress.Wait
	remarks               int
}

// New returns a monitor that publishes events through publish, if it is not nil.
func New(log *slog.Logger, publish func(progress.Event)) *Monitor {
	m := &Monitor{
		log: log, publish: publish,
		began:  time.Now().UTC(),
		stages: map[state.Stage]state.Status{}, failed: map[int64]bool{},
		inFlight: map[*Transfer]bool{}, interrupted: map[int64]interruption{},
	}
	m.down.add(m.began, 0)
	m.up.add(m.began, 0)
	return m
}

// Begin sets where the session stands when the run begins.
func (m *Monitor) Begin(s *state.Session, c state.Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.stages, s.Stages)
	m.itemsTotal = c.Total
	m.itemsDone = c.Total - c.Outcomes[state.OutcomePending] - c.Outcomes[state.OutcomeFailed]
	m.bytesTotal, m.bytesDone = c.Bytes, c.Carried
}

// End stops the clock of the run, once.
func (m *Monitor) End() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = cmp.Or(m.ended, time.Now())
}

// Began returns when the run began, UTC.
func (m *Monitor) Began() time.Time { return m.began }

// Remarks returns of how many items that arrived in this run there is a remark.
func (m *Monitor) Remarks() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remarks
}

// Moved returns what was moved up to now.
func (m *Monitor) Moved() progress.Moved {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.movedUntil(cmp.Or(m.ended, time.Now()))
}

func (m *Monitor) movedUntil(now time.Time) progress.Moved {
	moved := m.moved
	moved.Downloading, moved.Uploading = m.downloading.total(now), m.uploading.total(now)
	moved.Wall = now.Sub(m.began)
	return moved
}

// Snapshot returns the run as it is now. Rates are those of the last Tick.
func (m *Monitor) Snapshot() progress.Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := cmp.Or(m.ended, time.Now())
	s := progress.Snapshot{
		At: now.UTC(), BeganAt: m.began, Ended: !m.ended.IsZero(),
		Stages:     maps.Clone(m.stages),
		ItemsTotal: m.itemsTotal, ItemsDone: m.itemsDone, ItemsFailed: len(m.failed) + m.unstored,
		BytesTotal: m.bytesTotal, BytesDone: m.bytesDone,
		Moved: m.movedUntil(now),
		Down:  m.down.perSecond, Up: m.up.perSecond,
		InFlight: []progress.Transfer{},
		Waits:    m.waiting(now),
	}
	for t := range m.inFlight {
		shown, done := t.shown()
		s.InFlight = append(s.InFlight, shown)
		s.BytesDone += done
	}
	for _, i := range m.interrupted {
		s.BytesDone += i.confirmed
		s.BytesTotal += i.learned
	}
	s.BytesDone = min(s.BytesDone, s.BytesTotal) // records of sizes are not always right
	slices.SortFunc(s.InFlight, func(a, b progress.Transfer) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	if rest := s.BytesTotal - s.BytesDone; rest > 0 && s.Up >= 1 {
		s.Left = time.Duration(float64(rest) / s.Up * float64(time.Second)).Round(time.Second)
	}
	return s
}

// Tick takes a reading of all rates. It is called about once a second.
func (m *Monitor) Tick(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down.add(now, m.moved.Downloaded)
	m.up.add(now, m.moved.Uploaded)
	for t := range m.inFlight {
		t.down.add(now, t.seen.Read)
		t.up.add(now, t.sent)
		t.seen.Down, t.seen.Up = t.down.perSecond, t.up.perSecond
	}
}

// Listed counts an item that discovery has stored in place of what was stored
// before, or nil, and publishes it.
func (m *Monitor) Listed(before, it *state.Item) {
	m.mu.Lock()
	m.count(before, -1)
	m.count(it, 1)
	m.forget(it)
	m.mu.Unlock()
	switch {
	case it.Refusal != nil:
		m.Item(it, state.Discovery, state.Skipped, nil)
	case it.AlreadyThere:
		m.Item(it, state.Create, state.Completed, nil)
	default:
		m.Item(it, state.Discovery, state.Completed, nil)
	}
}

// count adds an item to the totals, or takes it back. It needs m.mu.
func (m *Monitor) count(it *state.Item, times int) {
	if it == nil {
		return
	}
	m.itemsTotal += times
	if it.Awaits() == "" {
		m.itemsDone += times
	}
	if it.Refusal == nil {
		m.bytesTotal += int64(times) * max(it.Size, 0)
		m.bytesDone += int64(times) * it.Carried
	}
}

// forget forgets what this run tried of an item. It needs m.mu.
func (m *Monitor) forget(it *state.Item) {
	delete(m.failed, it.Seq)
	delete(m.interrupted, it.Seq)
}

// Refused counts an item that turned out to be refused, and publishes it.
func (m *Monitor) Refused(it *state.Item, stage state.Stage) {
	m.mu.Lock()
	m.itemsDone++
	m.bytesTotal -= max(it.Size, 0)
	m.forget(it)
	m.mu.Unlock()
	m.Item(it, stage, state.Skipped, nil)
}

// Failed counts an item's failure, and publishes it.
func (m *Monitor) Failed(it *state.Item, stage state.Stage, err error) {
	m.mu.Lock()
	if it.Seq == 0 {
		m.unstored++
	} else {
		m.failed[it.Seq] = true
	}
	m.mu.Unlock()
	m.Item(it, stage, state.Failed, err)
}

// Transferred publishes that an item was transferred.
func (m *Monitor) Transferred(it *state.Item) {
	m.mu.Lock()
	delete(m.failed, it.Seq)
	m.mu.Unlock()
	m.Item(it, state.Transfer, state.Completed, nil)
}

// SentBack takes back that an item was transferred, and publishes it: size bytes
// are transferred again.
func (m *Monitor) SentBack(it *state.Item, size int64) {
	m.mu.Lock()
	m.bytesDone -= size
	m.forget(it)
	m.mu.Unlock()
	m.Item(it, state.Transfer, state.Pending, nil)
}

// Created counts an item that arrived, and publishes it.
func (m *Monitor) Created(it *state.Item) {
	m.mu.Lock()
	m.itemsDone++
	delete(m.failed, it.Seq)
	if it.Remark() != "" {
		m.remarks++
	}
	m.mu.Unlock()
	m.Item(it, state.Create, state.Completed, nil)
}

// Notice publishes a sentence that a user should read, and logs it.
func (m *Monitor) Notice(format string, args ...any) {
	text := lifecycle.Scrub(fmt.Sprintf(format, args...))
	m.log.Info(text)
	m.event(progress.Notice{Text: text})
}

// Waiting publishes that the run waits.
func (m *Monitor) Waiting(w fault.Wait) {
	wait := progress.Wait{Reason: media.Sentence(lifecycle.Scrub(w.Reason)), Until: w.Until.UTC()}
	m.mu.Lock()
	now := time.Now()
	m.waits = slices.DeleteFunc(m.waiting(now), func(other progress.Wait) bool { return other.Reason == wait.Reason })
	if m.waits = append(m.waits, wait); len(m.waits) > mostWaits {
		m.waits = m.waits[1:]
	}
	m.mu.Unlock()
	m.event(wait)
}

// mostWaits is how many waits a snapshot has at most.
const mostWaits = 8

// waiting returns the waits that are not over. It needs m.mu.
func (m *Monitor) waiting(now time.Time) (current []progress.Wait) {
	for _, w := range m.waits {
		if w.Until.After(now) {
			current = append(current, w)
		}
	}
	return current
}

// Stage publishes that a stage of the session started or ended.
func (m *Monitor) Stage(stage state.Stage, status state.Status, err error) {
	m.mu.Lock()
	m.stages[stage] = status
	m.mu.Unlock()
	m.event(progress.Stage{Stage: stage, Status: status, At: time.Now().UTC(), Fault: faultOf(err)})
}

// Item publishes that a stage of an item ended.
func (m *Monitor) Item(it *state.Item, stage state.Stage, status state.Status, err error) {
	m.event(itemEvent(it, stage, status, err))
}

func (m *Monitor) event(e progress.Event) {
	if m.publish != nil {
		m.publish(e)
	}
	m.journal.Load().add(e)
}

func itemEvent(it *state.Item, stage state.Stage, status state.Status, err error) progress.Item {
	e := progress.Item{
		Seq: it.Seq, Key: it.ID.Key(), Name: it.Name,
		Stage: stage, Status: status, At: time.Now().UTC(),
		Bytes: max(cmp.Or(it.Carried, it.Size), 0),
		Fault: faultOf(err),
	}
	if status == state.Skipped && it.Refusal != nil {
		e.Fault = &progress.Fault{Class: fault.Item, Code: it.Refusal.Code, Message: lifecycle.Scrub(it.Refusal.Reason)}
	}
	if stage == state.Create && status == state.Completed {
		e.Remark = it.Remark()
	}
	return e
}
