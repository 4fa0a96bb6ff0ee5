package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/driver"
)

// LoadSaver is the least that a store of one's own has to do. [Adapt] makes a
// Backend of it. Calls come one at a time.
//
// It may also implement any of [Lister], [Deleter], [Ledger] and [Locker].
type LoadSaver interface {
	// Load returns a whole session, or ErrNotFound.
	Load(ctx context.Context, id string) (*Document, error)
	// Save stores a whole session; when it returns nil, the session survives a
	// crash. It must not change d, nor keep it.
	Save(ctx context.Context, d *Document) error
}

// Lister is a LoadSaver that knows which sessions it has. Without it, only the
// sessions used since Adapt are listed.
type Lister interface {
	SessionIDs(ctx context.Context) ([]string, error)
}

// Deleter is a LoadSaver that can remove a session.
type Deleter interface {
	Delete(ctx context.Context, id string) error
}

// Ledger is a LoadSaver that keeps the ledger, as [Backend] says, except that
// Recall may return an entry that says Gone. Without it, the ledger lives in
// memory.
type Ledger interface {
	Recall(ctx context.Context, account, key string) (*LedgerEntry, error)
	Record(ctx context.Context, entries ...LedgerEntry) error
}

// Locker is a LoadSaver that locks sessions, as [Backend] says. Without it,
// sessions are locked within this backend only.
type Locker interface {
	Lock(ctx context.Context, session string) (Unlocker, error)
}

// Adapt makes a Backend of a store that can only load and save. It keeps the
// sessions in use in memory and saves a whole session at every change, so that
// a change costs the more the larger the session is; changes that wait at the
// same time share one saving.
func Adapt(store LoadSaver) Backend {
	a := &adapter{store: store, sessions: map[string]*driver.Memory{}}
	a.ledger, _ = store.(Ledger)
	if a.ledger == nil {
		a.ledger = memoryLedger{}
	}
	a.locker, _ = store.(Locker)
	if a.locker == nil {
		a.locker = &processLocks{held: map[string]*LockedError{}}
	}
	return NewStore(a, StoreOptions{})
}

// adapter is the driver. Its documents are of the codec Documents.
type adapter struct {
	store  LoadSaver
	ledger Ledger
	locker Locker

	mu       sync.Mutex
	sessions map[string]*driver.Memory
}

// storeFault wraps what a store returned, unless it says enough itself.
func storeFault(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: op, Err: err}
}

// load returns a session, from memory or the store. Call with mu held.
func (a *adapter) load(ctx context.Context, id string) (*driver.Memory, error) {
	if m := a.sessions[id]; m != nil {
		return m, nil
	}
	d, err := a.store.Load(ctx, id)
	switch {
	case err == nil && (d == nil || d.Session == nil):
		return nil, ErrNotFound
	case err == nil && d.Session.ID != id:
		err = fmt.Errorf("the store returned session %q", d.Session.ID)
	}
	var m *driver.Memory
	if err == nil {
		m, err = d.Memory(Documents{})
	}
	if err != nil {
		return nil, storeFault(fmt.Sprintf("load session %q", id), err)
	}
	a.sessions[id] = m
	return m, nil
}

// view shows a session.
func (a *adapter) view(ctx context.Context, id string, show func(*driver.Memory)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, err := a.load(ctx, id)
	if err == nil {
		show(m)
	}
	return err
}

// Update changes a copy of a session, saves it, and then takes it for the
// session.
func (a *adapter) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	tx := &adapterTx{}
	m, err := a.load(ctx, id)
	switch {
	case err == nil:
		tx.next = m.Clone()
	case !errors.Is(err, ErrNotFound):
		return err
	}
	if err := do(tx); err != nil || !tx.written {
		return err
	}
	d, err := documentOf(tx.next)
	if err == nil {
		err = a.store.Save(ctx, d)
	}
	if err != nil {
		delete(a.sessions, id) // what is stored is not known
		return storeFault(fmt.Sprintf("save session %q", id), err)
	}
	a.sessions[id] = tx.next
	return nil
}

// adapterTx is a change of a copy of a session.
type adapterTx struct {
	next    *driver.Memory // nil if there is no such session yet
	written bool
}

// Lookup returns the items that refs pick.
func (t *adapterTx) Lookup(refs driver.Refs) (driver.Found, error) {
	if t.next == nil {
		return driver.Found{}, ErrNotFound
	}
	return t.next.Lookup(refs), nil
}

// Write stores a header, items and batches.
func (t *adapterTx) Write(w driver.Write) error {
	if t.next == nil && w.Header == nil {
		return ErrNotFound
	}
	if t.next == nil {
		t.next = &driver.Memory{}
	}
	t.next.Write(w)
	t.written = true
	return nil
}

// Header returns a session's header.
func (a *adapter) Header(ctx context.Context, id string) (h driver.Header, err error) {
	err = a.view(ctx, id, func(m *driver.Memory) { h = m.Header })
	return h, err
}

// Find returns the item that ref picks.
func (a *adapter) Find(ctx context.Context, id string, ref driver.Ref) (row driver.Row, err error) {
	found := ErrNotFound
	err = a.view(ctx, id, func(m *driver.Memory) { row, found = m.Find(ref) })
	return row, cmp.Or(err, found)
}

// Page returns the next items that q selects. It looks at all of them.
func (a *adapter) Page(ctx context.Context, id string, q driver.Query) (rows []driver.Row, err error) {
	err = a.view(ctx, id, func(m *driver.Memory) { rows = m.Page(q) })
	return rows, err
}

// Sums sums up the session's items.
func (a *adapter) Sums(ctx context.Context, id string) (sums []driver.Sum, err error) {
	err = a.view(ctx, id, func(m *driver.Memory) { sums = driver.SumsOf(m.Rows) })
	return sums, err
}

// Batches returns the next batches.
func (a *adapter) Batches(ctx context.Context, id string, after int64, limit int) (batches []driver.Batch, err error) {
	err = a.view(ctx, id, func(m *driver.Memory) { batches = m.After(after, limit) })
	return batches, err
}

// Headers lists headers, most recently updated first.
func (a *adapter) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		ids, err := a.sessionIDs(ctx)
		if err != nil {
			yield(driver.Header{}, err)
			return
		}
		driver.Listing(ids, func(id string) (driver.Header, error) { return a.Header(ctx, id) })(yield)
	}
}

func (a *adapter) sessionIDs(ctx context.Context) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if store, ok := a.store.(Lister); ok {
		ids, err := store.SessionIDs(ctx)
		return ids, storeFault("list sessions", err)
	}
	var ids []string
	for id := range a.sessions {
		ids = append(ids, id)
	}
	return ids, nil
}

// Delete removes a session, if the store can.
func (a *adapter) Delete(ctx context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.load(ctx, id); err != nil {
		return err
	}
	op := fmt.Sprintf("delete session %q", id)
	store, ok := a.store.(Deleter)
	if !ok {
		return storeFault(op, errors.ErrUnsupported)
	}
	if err := store.Delete(ctx, id); err != nil {
		return storeFault(op, err)
	}
	delete(a.sessions, id)
	return nil
}

// Recall asks the ledger.
func (a *adapter) Recall(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, err := a.ledger.Recall(ctx, account, key)
	if err == nil && e == nil {
		err = ErrNotFound
	}
	if err != nil {
		return driver.LedgerEntry{}, storeFault("recall "+key, err)
	}
	return *e, nil
}

// Record adds to the ledger.
func (a *adapter) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return storeFault("record in ledger", a.ledger.Record(ctx, entries...))
}

// Lock takes a session.
func (a *adapter) Lock(ctx context.Context, id string) (Unlocker, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, err := a.locker.Lock(ctx, id)
	if _, ok := errors.AsType[*LockedError](err); ok {
		return nil, err
	}
	return u, storeFault(fmt.Sprintf("lock session %q", id), err)
}

// Damaged is the fault of a document that cannot be read.
func (a *adapter) Damaged(what string, err error) error { return storeFault("read "+what, err) }

// Close ends the use of the backend. The store is not closed.
func (a *adapter) Close() error { return nil }

// memoryLedger is the ledger of a store that keeps none.
type memoryLedger map[[2]string]LedgerEntry

func (m memoryLedger) Recall(_ context.Context, account, key string) (*LedgerEntry, error) {
	e, ok := m[[2]string{account, key}]
	if !ok {
		return nil, ErrNotFound
	}
	return &e, nil
}

func (m memoryLedger) Record(_ context.Context, entries ...LedgerEntry) error {
	for _, e := range entries {
		m[[2]string{e.Account, e.Key}] = e
	}
	return nil
}

// processLocks are the locks of a store that has none.
type processLocks struct {
	mu   sync.Mutex
	held map[string]*LockedError
}

func (p *processLocks) Lock(_ context.Context, session string) (Unlocker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if holder := p.held[session]; holder != nil {
		return nil, holder
	}
	host, _ := os.Hostname()
	mine := &LockedError{Session: session, Host: host, PID: os.Getpid(), Since: time.Now().UTC()}
	p.held[session] = mine
	return unlockFunc(func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.held[session] == mine {
			delete(p.held, session)
		}
		return nil
	}), nil
}

type unlockFunc func() error

func (f unlockFunc) Unlock() error { return f() }
