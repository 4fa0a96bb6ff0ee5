package state_test

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/statetest"
)

// TestInMemory: a store of one's own is a driver of this size.
func TestInMemory(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		m := &inMemory{sessions: map[string]*memorySession{}, ledger: map[[2]string]driver.LedgerEntry{}, locks: map[string]*memoryLock{}}
		return statetest.Harness{
			Open:   func(t *testing.T) state.Backend { return state.NewStore(&process{inMemory: m}, state.StoreOptions{}) },
			Shared: true,
			Left: func(t *testing.T) (n int) {
				for _, s := range m.sessions {
					n += len(s.rows) + len(s.batches)
				}
				return n
			},
		}
	})
}

// inMemory is a store that several processes share, if it were one.
type inMemory struct {
	mu       sync.RWMutex
	sessions map[string]*memorySession
	ledger   map[[2]string]driver.LedgerEntry
	locks    map[string]*memoryLock
}

type memorySession struct {
	header  driver.Header
	rows    map[int64]driver.Row
	batches map[int64]driver.Batch
}

// process is the memory as one process sees it.
type process struct{ *inMemory }

// look calls do with a session that is stored.
func (p *process) look(ctx context.Context, session string, do func(*memorySession)) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s := p.sessions[session]
	if s == nil {
		return driver.ErrNotFound
	}
	do(s)
	return nil
}

func (p *process) Header(ctx context.Context, session string) (h driver.Header, err error) {
	err = p.look(ctx, session, func(s *memorySession) { h = s.header })
	return h, err
}

func (p *process) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		p.mu.RLock()
		var all []driver.Header
		for _, s := range p.sessions {
			all = append(all, s.header)
		}
		p.mu.RUnlock()
		slices.SortFunc(all, func(a, b driver.Header) int { return cmp.Or(b.Updated.Compare(a.Updated), strings.Compare(a.ID, b.ID)) })
		for _, h := range all {
			if !yield(h, nil) {
				return
			}
		}
	}
}

func (p *process) Delete(ctx context.Context, session string) error {
	if err := p.look(ctx, session, func(*memorySession) {}); err != nil {
		return err
	}
	if lock, err := p.Lock(ctx, session); err == nil {
		defer lock.Unlock()
	} else if !p.holds(session) {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, session)
	return nil
}

// sorted returns the rows by Seq.
func (s *memorySession) sorted() []driver.Row {
	return slices.SortedFunc(maps.Values(s.rows), func(a, b driver.Row) int { return cmp.Compare(a.Seq, b.Seq) })
}

func (p *process) Find(ctx context.Context, session string, ref driver.Ref) (row driver.Row, err error) {
	n := -1
	err = p.look(ctx, session, func(s *memorySession) {
		rows := s.sorted()
		if n = slices.IndexFunc(rows, ref.Picks); n >= 0 {
			row = rows[n]
		}
	})
	if err == nil && n < 0 {
		err = driver.ErrNotFound
	}
	return row, err
}

func (p *process) Page(ctx context.Context, session string, q driver.Query) (rows []driver.Row, err error) {
	err = p.look(ctx, session, func(s *memorySession) { rows = q.Rows(s.sorted()) })
	return rows, err
}

func (p *process) Sums(ctx context.Context, session string) (sums []driver.Sum, err error) {
	err = p.look(ctx, session, func(s *memorySession) { sums = driver.SumsOf(s.sorted()) })
	return sums, err
}

func (p *process) Batches(ctx context.Context, session string, after int64, limit int) (batches []driver.Batch, err error) {
	err = p.look(ctx, session, func(s *memorySession) {
		for _, n := range slices.Sorted(maps.Keys(s.batches)) {
			if n > after && len(batches) < limit {
				batches = append(batches, s.batches[n])
			}
		}
	})
	return batches, err
}

// Update runs one transaction; all that it does is done by Write, its last step.
func (p *process) Update(ctx context.Context, session string, do func(driver.Tx) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(memoryTx{p, session})
}

type memoryTx struct {
	*process
	session string
}

func (t memoryTx) Lookup(refs driver.Refs) (found driver.Found, err error) {
	s := t.sessions[t.session]
	if s == nil {
		return found, driver.ErrNotFound
	}
	for _, r := range s.rows {
		if slices.Contains(refs.Keys, r.Key) || slices.Contains(refs.Names, r.Name) || slices.Contains(refs.Seqs, r.Seq) {
			found.Rows = append(found.Rows, r)
		}
		found.Last = max(found.Last, r.Seq)
	}
	return found, nil
}

func (t memoryTx) Write(w driver.Write) error {
	s := t.sessions[t.session]
	switch {
	case s == nil && w.Header == nil:
		return driver.ErrNotFound
	case s == nil:
		s = &memorySession{rows: map[int64]driver.Row{}, batches: map[int64]driver.Batch{}}
		t.sessions[t.session] = s
	}
	if w.Header != nil {
		s.header = *w.Header
	}
	for _, c := range w.Items {
		s.rows[c.Seq] = c.Row
	}
	for _, b := range w.Batches {
		if s.batches[b.Index] = b; b.Document == nil {
			delete(s.batches, b.Index)
		}
	}
	return nil
}

func (p *process) Recall(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.ledger[[2]string{account, key}]
	if !ok {
		return e, driver.ErrNotFound
	}
	return e, ctx.Err()
}

func (p *process) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range entries {
		p.ledger[[2]string{e.Account, e.Key}] = e
	}
	return ctx.Err()
}

type memoryLock struct {
	p       *process
	session string
	since   time.Time
}

func (p *process) Lock(ctx context.Context, session string) (driver.Unlocker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if held := p.locks[session]; held != nil {
		host, _ := os.Hostname()
		return nil, &state.LockedError{Session: session, Host: host, PID: os.Getpid(), Since: held.since}
	}
	l := &memoryLock{p: p, session: session, since: time.Now().UTC()}
	p.locks[session] = l
	return l, ctx.Err()
}

func (l *memoryLock) Unlock() error {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if l.p.locks[l.session] == l {
		delete(l.p.locks, l.session)
	}
	return nil
}

func (p *process) holds(session string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.locks[session] != nil && p.locks[session].p == p
}

func (p *process) Damaged(what string, err error) error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: "read " + what + " in memory", Err: err}
}

// Close gives back the locks of the process.
func (p *process) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.locks, func(_ string, l *memoryLock) bool { return l.p == p })
	return nil
}

var _ driver.Store = (*process)(nil)

// TestSearchBeyond: a cursor that names no item ends a listing by its number.
func TestSearchBeyond(t *testing.T) {
	m := &inMemory{sessions: map[string]*memorySession{}, ledger: map[[2]string]driver.LedgerEntry{}, locks: map[string]*memoryLock{}}
	b := state.NewStore(&process{inMemory: m}, state.StoreOptions{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	for it, err := range b.Items(t.Context(), "s", state.Query{After: math.MaxInt64}) {
		t.Errorf("found %v, %v", it, err)
	}
}
