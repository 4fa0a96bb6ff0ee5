package state_test

import (
	"context"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
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
		m := &inMemory{sessions: map[string]*driver.Memory{}, ledger: map[[2]string]driver.LedgerEntry{}, locks: map[string]*memoryLock{}}
		return statetest.Harness{
			Open:   func(t *testing.T) state.Backend { return state.NewStore(m.process(), state.StoreOptions{}) },
			Shared: true,
			Left: func(t *testing.T) (n int) {
				for _, s := range m.sessions {
					n += len(s.Rows) + len(s.Batches)
				}
				return n
			},
		}
	})
}

// inMemory is a store that several processes share, if it were one.
type inMemory struct {
	mu       sync.RWMutex
	sessions map[string]*driver.Memory
	ledger   map[[2]string]driver.LedgerEntry
	locks    map[string]*memoryLock
	journals map[*driver.Memory]*memoryJournal
}

// process is the memory as one process sees it.
type process struct {
	*inMemory
	driver.View
}

func (m *inMemory) process() *process { return &process{m, m.look} }

// look shows a session that is stored.
func (m *inMemory) look(ctx context.Context, session string, show func(*driver.Memory)) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s := m.sessions[session]
	if s == nil {
		return driver.ErrNotFound
	}
	show(s)
	return nil
}

func (p *process) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		p.mu.RLock()
		ids := slices.Collect(maps.Keys(p.sessions))
		p.mu.RUnlock()
		driver.Listing(ids, func(id string) (driver.Header, error) { return p.Header(ctx, id) })(yield)
	}
}

func (p *process) Delete(ctx context.Context, session string) error {
	if err := p.look(ctx, session, func(*driver.Memory) {}); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, session)
	return nil
}

// Update runs one transaction; all that it does is done by Write, its last step.
func (p *process) Update(ctx context.Context, session string, do func(driver.Tx) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s := p.sessions[session]
	if s == nil {
		s = &driver.Memory{}
	}
	err := do(s)
	if s.Header.ID != "" {
		p.sessions[session] = s
	}
	return err
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
	m := &inMemory{sessions: map[string]*driver.Memory{}, ledger: map[[2]string]driver.LedgerEntry{}, locks: map[string]*memoryLock{}}
	b := state.NewStore(m.process(), state.StoreOptions{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	for it, err := range b.Items(t.Context(), "s", state.Query{After: math.MaxInt64}) {
		t.Errorf("found %v, %v", it, err)
	}
}
