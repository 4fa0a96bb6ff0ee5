package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
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
// same time share one saving. It keeps no [Journal].
func Adapt(store LoadSaver) Backend {
	a := &adapter{store: store, sessions: map[string]*driver.Memory{}}
	a.View = a.view
	if a.locker, _ = store.(Locker); a.locker == nil {
		a.locker = &processLocks{held: map[string]*LockedError{}}
	}
	if a.ledger, _ = store.(Ledger); a.ledger == nil {
		a.ledger = memoryLedger{}
	}
	return struct{ Backend }{NewStore(a, StoreOptions{})} // and no Journal: it keeps none
}

// adapter is the driver. Its documents are of the codec Documents.
type adapter struct {
	driver.View
	store  LoadSaver
	ledger Ledger
	locker Locker

	mu       sync.Mutex
	sessions map[string]*driver.Memory
}

// call runs one call of the store. Its error is wrapped, unless it says enough.
func (a *adapter) call(op string, do func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return storeFault(op, do())
}

func storeFault(op string, err error) error {
	_, known := errors.AsType[*fault.Error](err)
	_, held := errors.AsType[*LockedError](err)
	if err == nil || known || held || errors.Is(err, ErrNotFound) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return driver.Fault(op, err, "")
}

// load returns a session, from memory or the store. Call it within call.
func (a *adapter) load(ctx context.Context, id string) (*driver.Memory, error) {
	if m := a.sessions[id]; m != nil {
		return m, nil
	}
	d, err := a.store.Load(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case d == nil || d.Session == nil:
		return nil, ErrNotFound
	case d.Session.ID != id:
		return nil, fmt.Errorf("the store returned session %q", d.Session.ID)
	}
	m, err := d.Memory(Documents{})
	if err == nil {
		a.sessions[id] = m
	}
	return m, err
}

// view shows a session.
func (a *adapter) view(ctx context.Context, id string, show func(*driver.Memory)) error {
	return a.call(fmt.Sprintf("load session %q", id), func() error {
		m, err := a.load(ctx, id)
		if err == nil {
			show(m)
		}
		return err
	})
}

// Update runs a change.
func (a *adapter) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	return a.call(fmt.Sprintf("load session %q", id), func() error {
		m, err := a.load(ctx, id)
		switch {
		case errors.Is(err, ErrNotFound):
			m = &driver.Memory{}
		case err != nil:
			return err
		}
		return do(adapterTx{m, a, ctx, id})
	})
}

// adapterTx is a change of a session.
type adapterTx struct {
	*driver.Memory
	a   *adapter
	ctx context.Context
	id  string
}

// Write changes a copy of the session, saves it, and then takes it for the session.
func (t adapterTx) Write(w driver.Write) error {
	next := t.Clone()
	if err := next.Write(w); err != nil {
		return err
	}
	d, err := documentOf(next)
	if err == nil {
		err = t.a.store.Save(t.ctx, d)
	}
	if err != nil {
		delete(t.a.sessions, t.id) // what is stored is not known
		return storeFault(fmt.Sprintf("save session %q", t.id), err)
	}
	t.a.sessions[t.id] = next
	return nil
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

func (a *adapter) sessionIDs(ctx context.Context) (ids []string, err error) {
	err = a.call("list sessions", func() error {
		if store, ok := a.store.(Lister); ok {
			ids, err = store.SessionIDs(ctx)
			return err
		}
		ids = slices.Collect(maps.Keys(a.sessions))
		return nil
	})
	return ids, err
}

// Delete removes a session, if the store can.
func (a *adapter) Delete(ctx context.Context, id string) error {
	return a.call(fmt.Sprintf("delete session %q", id), func() error {
		if _, err := a.load(ctx, id); err != nil {
			return err
		}
		store, ok := a.store.(Deleter)
		if !ok {
			return errors.ErrUnsupported
		}
		err := store.Delete(ctx, id)
		if err == nil {
			delete(a.sessions, id)
		}
		return err
	})
}

// Recall asks the ledger.
func (a *adapter) Recall(ctx context.Context, account, key string) (found driver.LedgerEntry, err error) {
	err = a.call("recall "+key, func() error {
		e, err := a.ledger.Recall(ctx, account, key)
		if err == nil && e == nil {
			err = ErrNotFound
		}
		if err == nil {
			found = *e
		}
		return err
	})
	return found, err
}

// Record adds to the ledger.
func (a *adapter) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	return a.call("record in ledger", func() error { return a.ledger.Record(ctx, entries...) })
}

// Lock takes a session.
func (a *adapter) Lock(ctx context.Context, id string) (u Unlocker, err error) {
	err = a.call(fmt.Sprintf("lock session %q", id), func() error {
		u, err = a.locker.Lock(ctx, id)
		return err
	})
	return u, err
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
	p.held[session] = &LockedError{Session: session, Host: host, PID: os.Getpid(), Since: time.Now().UTC()}
	return unlockFunc(sync.OnceValue(func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.held, session)
		return nil
	})), nil
}

type unlockFunc func() error

func (f unlockFunc) Unlock() error { return f() }
