package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
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
// a change costs the more the larger the session is.
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
	return a
}

type adapter struct {
	store  LoadSaver
	ledger Ledger
	locker Locker

	mu     sync.Mutex
	docs   map[string]*loaded
	closed bool
}

func (a *adapter) usable(ctx context.Context) error {
	if a.closed {
		return storeFault("use state", ErrClosed)
	}
	return ctx.Err()
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
	if err := a.usable(ctx); err != nil {
		return nil, err
	}
	if l := a.docs[id]; l != nil {
		return l, nil
	}
	d, err := a.store.Load(ctx, id)
	if err == nil && (d == nil || d.Session == nil) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, storeFault(fmt.Sprintf("load session %q", id), err)
	}
	if d.Session.ID != id {
		return nil, storeFault(fmt.Sprintf("load session %q", id), fmt.Errorf("the store returned session %q", d.Session.ID))
	}
	a.docs[id] = newLoaded(d)
	return a.docs[id], nil
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

// change changes a copy of a session, saves it, and then takes it for the
// session.
func (a *adapter) change(ctx context.Context, id string, do func(*loaded) error) error {
	return a.view(ctx, id, func(l *loaded) error {
		next := l.clone()
		if err := do(next); err != nil {
			return storeFault(fmt.Sprintf("change session %q", id), err)
		}
		return a.save(ctx, next)
	})
}

func (a *adapter) save(ctx context.Context, next *loaded) error {
	id := next.doc.Session.ID
	if err := a.store.Save(ctx, next.doc); err != nil {
		delete(a.docs, id) // nobody knows what is stored
		return storeFault(fmt.Sprintf("save session %q", id), err)
	}
	a.docs[id] = next
	return nil
}

// Session returns a session's header.
func (a *adapter) Session(ctx context.Context, id string) (s *Session, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		s, err = copySession(l.doc.Session)
		return err
	})
	return s, err
}

// PutSession stores a session's header with everything else of the session.
func (a *adapter) PutSession(ctx context.Context, s *Session) error {
	stored, err := copySession(s)
	if err == nil && s.ID == "" {
		err = errors.New("the session has no id")
	}
	if err != nil {
		return storeFault("store session header", err)
	}
	stored.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := a.load(ctx, s.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		l = newLoaded(&Document{Session: stored})
	case err != nil:
		return err
	default:
		l = l.clone()
		l.doc.Session = stored
	}
	if err := a.save(ctx, l); err != nil {
		return err
	}
	s.UpdatedAt = stored.UpdatedAt
	return nil
}

// Sessions lists headers, most recently updated first.
func (a *adapter) Sessions(ctx context.Context) iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		ids, err := a.sessionIDs(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		type listed struct {
			s   *Session
			err error
		}
		var all []listed
		for _, id := range ids {
			s, err := a.Session(ctx, id)
			switch {
			case errors.Is(err, ErrNotFound):
				continue
			case ctx.Err() != nil:
				yield(nil, ctx.Err())
				return
			case err != nil:
				s = &Session{ID: id}
			}
			all = append(all, listed{s, err})
		}
		slices.SortFunc(all, func(a, b listed) int {
			if c := b.s.UpdatedAt.Compare(a.s.UpdatedAt); c != 0 {
				return c
			}
			return strings.Compare(a.s.ID, b.s.ID)
		})
		for _, l := range all {
			if !yield(l.s, l.err) {
				return
			}
		}
	}
}

func (a *adapter) sessionIDs(ctx context.Context) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.usable(ctx); err != nil {
		return nil, err
	}
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

// DeleteSession removes a session, if the store can.
func (a *adapter) DeleteSession(ctx context.Context, id string) error {
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
func (a *adapter) Recall(ctx context.Context, account, key string) (*LedgerEntry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.usable(ctx); err != nil {
		return nil, err
	}
	e, err := a.ledger.Recall(ctx, account, key)
	if err == nil && (e == nil || e.Gone) {
		return nil, ErrNotFound
	}
	return e, storeFault("recall "+key, err)
}

// Record adds to the ledger.
func (a *adapter) Record(ctx context.Context, entries ...LedgerEntry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.usable(ctx); err != nil {
		return err
	}
	return storeFault("record in ledger", a.ledger.Record(ctx, entries...))
}

// Lock takes a session.
func (a *adapter) Lock(ctx context.Context, id string) (Unlocker, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.usable(ctx); err != nil {
		return nil, err
	}
	u, err := a.locker.Lock(ctx, id)
	if _, ok := errors.AsType[*LockedError](err); ok {
		return nil, err
	}
	return u, storeFault(fmt.Sprintf("lock session %q", id), err)
}

// Close ends the use of the backend. The store is not closed.
func (a *adapter) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed, a.docs = true, nil
	return nil
}
