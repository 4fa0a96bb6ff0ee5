package monitor

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// recorder gathers what is to be written to the session's journal. A nil one
// gathers nothing.
type recorder struct {
	journal state.Journal
	session string
	log     *slog.Logger

	mu      sync.Mutex // guards what follows
	entries []state.JournalEntry
	lost    bool // writing failed: said once
}

// mostEntries is how many entries are written at once, and gathered at most
// while the store does not take them.
const mostEntries = 4096

// writeTime is how long the store may take for one write.
const writeTime = 2 * time.Second

// mostShown is how many items in flight a stored snapshot names at most.
const mostShown = 64

func (r *recorder) add(e progress.Event) {
	if r == nil {
		return
	}
	entry, ok := journalEntry(e)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) < mostEntries {
		r.entries = append(r.entries, entry)
	}
}

func journalEntry(e progress.Event) (entry state.JournalEntry, ok bool) {
	var f *progress.Fault
	switch e := e.(type) {
	case progress.Stage:
		entry, f = state.JournalEntry{Stage: e.Stage, Status: e.Status, At: e.At}, e.Fault
	case progress.Item:
		entry, f = state.JournalEntry{Key: e.Key, Name: e.Name, Stage: e.Stage, Status: e.Status, At: e.At, Bytes: e.Bytes}, e.Fault
	default:
		return entry, false
	}
	if f != nil {
		entry.Code, entry.Message = f.Code, f.Message
	}
	return entry, true
}

// write appends what was gathered and stores the snapshot. What the store does
// not take is lost: a journal is worth no run.
func (r *recorder) write(ctx context.Context, snapshot func() progress.Snapshot) {
	if r == nil {
		return
	}
	s := snapshot()
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	r.mu.Lock()
	entries := r.entries
	r.entries = nil
	r.mu.Unlock()
	var err error
	if len(entries) > 0 {
		err = r.journal.Append(ctx, r.session, entries...)
	}
	text, jsonErr := document(s)
	if err == nil && jsonErr == nil {
		err = r.journal.PutSnapshot(ctx, r.session, s.At, text)
	}
	if err != nil && !r.lost {
		r.lost = true
		r.log.Warn("what happens in the run cannot be written to the store: status shows less", "error", err)
	}
}

// document returns a snapshot as JSON, with as many of the items in flight as the
// store has room for.
func document(s progress.Snapshot) ([]byte, error) {
	for n := min(len(s.InFlight), mostShown); ; n /= 2 {
		s.InFlight = s.InFlight[:n]
		text, err := json.Marshal(s)
		if err != nil || len(text) <= state.MaxSnapshot || n == 0 {
			return text, err
		}
	}
}

// Record writes what happens to the journal of a session, about once a second and
// once more when ctx ends, and takes the readings of all rates meanwhile. Without
// a journal it takes the readings only. It returns when ctx has ended. snapshot
// returns what is stored.
func (m *Monitor) Record(ctx, lasting context.Context, snapshot func() progress.Snapshot) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			if ctx.Err() != nil {
				continue // the last write is due
			}
			m.Tick(now)
			m.journal.Load().write(lasting, snapshot)
		case <-ctx.Done():
			m.journal.Load().write(lasting, snapshot)
			return
		}
	}
}

// Journal lets the monitor record into the journal of a session.
func (m *Monitor) Journal(j state.Journal, session string) {
	m.journal.Store(&recorder{journal: j, session: session, log: m.log})
}
