package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

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
	a := &adapter{store: store, docs: map[string]*loaded{}}
	a.ledger, _ = store.(Ledger)
	if a.ledger == nil {
		a.ledger = &memoryLedger{entries: map[[2]string]LedgerEntry{}}
	}
	a.locker, _ = store.(Locker)
	if a.locker == nil {
		a.locker = &processLocks{held: map[string]*LockedError{}}
	}
	return NewStore(a, StoreOptions{})
}

// adapter is the driver.
type adapter struct {
	store  LoadSaver
	ledger Ledger
	locker Locker

	mu   sync.Mutex
	docs map[string]*loaded
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
func (a *adapter) load(ctx context.Context, id string) (*loaded, error) {
	if l := a.docs[id]; l != nil {
		return l, nil
	}
	op := fmt.Sprintf("load session %q", id)
	d, err := a.store.Load(ctx, id)
	switch {
	case err == nil && (d == nil || d.Session == nil):
		return nil, ErrNotFound
	case err == nil && d.Session.ID != id:
		err = fmt.Errorf("the store returned session %q", d.Session.ID)
	}
	if err != nil {
		return nil, storeFault(op, err)
	}
	l, err := newLoaded(d)
	if err != nil {
		return nil, storeFault(op, err)
	}
	a.docs[id] = l
	return l, nil
}

// view shows a loaded session.
func (a *adapter) view(ctx context.Context, id string, show func(*loaded) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := a.load(ctx, id)
	if err != nil {
		return err
	}
	return show(l)
}

// Update changes a copy of a session, saves it, and then takes it for the
// session.
func (a *adapter) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	tx := &adapterTx{}
	l, err := a.load(ctx, id)
	switch {
	case err == nil:
		tx.next = l.clone()
	case !errors.Is(err, ErrNotFound):
		return err
	}
	if err := do(tx); err != nil || !tx.written {
		return err
	}
	if err := a.store.Save(ctx, tx.next.doc); err != nil {
		delete(a.docs, id) // what is stored is not known
		return storeFault(fmt.Sprintf("save session %q", id), err)
	}
	a.docs[id] = tx.next
	return nil
}

// Header returns a session's header.
func (a *adapter) Header(ctx context.Context, id string) (h driver.Header, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		h = driver.Header{ID: id, Updated: l.doc.Session.UpdatedAt}
		h.Document, err = Documents{}.EncodeSession(l.doc.Session)
		return err
	})
	return h, err
}

// Headers lists headers, most recently updated first.
func (a *adapter) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		ids, err := a.sessionIDs(ctx)
		if err != nil {
			yield(driver.Header{}, err)
			return
		}
		type listed struct {
			driver.Header
			err error
		}
		var all []listed
		for _, id := range ids {
			h, err := a.Header(ctx, id)
			switch {
			case errors.Is(err, ErrNotFound):
				continue
			case err != nil:
				h = driver.Header{ID: id}
			}
			all = append(all, listed{h, err})
		}
		slices.SortFunc(all, func(a, b listed) int {
			if c := b.Updated.Compare(a.Updated); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
		for _, l := range all {
			if !yield(l.Header, l.err) {
				return
			}
		}
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
	for id := range a.docs {
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
	delete(a.docs, id)
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
