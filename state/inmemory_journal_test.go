package state_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

var _ driver.Journal = (*process)(nil)

type memoryJournal struct {
	entries  []driver.Entry
	snapshot *driver.Snapshot
}

// journal shows the journal of a session that is stored, to change it or to read it.
func (p *process) journal(ctx context.Context, session string, show func(*memoryJournal)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[session]
	switch {
	case s == nil:
		return driver.ErrNotFound
	case p.journals == nil:
		p.journals = map[*driver.Memory]*memoryJournal{}
	}
	if p.journals[s] == nil {
		p.journals[s] = &memoryJournal{}
	}
	show(p.journals[s])
	return ctx.Err()
}

func (p *process) Append(ctx context.Context, session string, entries []driver.Entry) error {
	return p.journal(ctx, session, func(j *memoryJournal) {
		for _, e := range entries {
			e.Number = int64(len(j.entries)) + 1
			j.entries = append(j.entries, e)
		}
	})
}

func (p *process) Entries(ctx context.Context, session string, q driver.EntryQuery) iter.Seq2[driver.Entry, error] {
	return q.Pages(func(after int64) (page []driver.Entry, err error) {
		err = p.journal(ctx, session, func(j *memoryJournal) {
			all := slices.Clone(j.entries)
			if q.Newest {
				slices.Reverse(all)
			}
			for _, e := range all {
				if (q.Newest && e.Number < after || !q.Newest && e.Number > after && e.Key == q.Key) && len(page) < driver.EntryPage {
					page = append(page, e)
				}
			}
		})
		return page, err
	})
}

func (p *process) PutSnapshot(ctx context.Context, session string, v driver.Snapshot) error {
	return p.journal(ctx, session, func(j *memoryJournal) { j.snapshot = &v })
}

func (p *process) Snapshot(ctx context.Context, session string) (v driver.Snapshot, err error) {
	err = p.journal(ctx, session, func(j *memoryJournal) {
		if j.snapshot != nil {
			v = *j.snapshot
		}
	})
	if err == nil && v.Document == nil {
		err = driver.ErrNotFound
	}
	return v, err
}

// TestNoJournal: a store whose driver keeps no journals says so, and one that is
// adapted is none that could be asked.
func TestNoJournal(t *testing.T) {
	m := &inMemory{sessions: map[string]*driver.Memory{}}
	b := state.NewStore(struct{ driver.Store }{m.process()}, state.StoreOptions{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.Snapshot(t.Context(), "s")
	for what, err := range map[string]error{
		"Append":      b.Append(t.Context(), "s", state.JournalEntry{}),
		"PutSnapshot": b.PutSnapshot(t.Context(), "s", time.Now(), []byte("{}")),
		"Snapshot":    err,
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", what, err)
		}
	}
	for _, err := range b.Newest(t.Context(), "s") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Newest: %v, want ErrUnsupported", err)
		}
	}
	if _, ok := state.Adapt(&memory{}).(state.Journal); ok {
		t.Error("an adapted store offers a journal")
	}
}
