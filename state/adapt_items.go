package state

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// loaded is a session in memory. Its items and batches are replaced, never
// changed, so that copies may share them.
type loaded struct {
	doc    *Document
	byKey  map[string]int // identified items; positions in doc.Items
	byName map[string]int
}

func newLoaded(d *Document) *loaded {
	l := &loaded{
		doc:   &Document{Session: d.Session, Items: slices.Clone(d.Items), Batches: slices.Clone(d.Batches)},
		byKey: map[string]int{}, byName: map[string]int{},
	}
	SortBySeq(l.doc.Items, func(it *Item) *int64 { return &it.Seq })
	slices.SortFunc(l.doc.Batches, byIndex)
	for n, it := range l.doc.Items {
		l.enter(n, it)
	}
	return l
}

func byIndex(a, b *Batch) int { return cmp.Compare(a.Index, b.Index) }

func (l *loaded) enter(n int, it *Item) {
	l.byName[it.Name] = n
	if !it.ID.IsZero() {
		l.byKey[it.ID.Key()] = n
	}
}

func (l *loaded) clone() *loaded {
	d := *l.doc
	d.Items, d.Batches = slices.Clone(d.Items), slices.Clone(d.Batches)
	return &loaded{doc: &d, byKey: maps.Clone(l.byKey), byName: maps.Clone(l.byName)}
}

// put stores a copy of an item and returns its Seq.
func (l *loaded) put(it *Item) (int64, error) {
	stored, err := copyItem(it)
	if err != nil {
		return 0, err
	}
	n := l.match(it)
	if n < 0 {
		n = len(l.doc.Items)
		stored.Seq = 1
		if n > 0 {
			stored.Seq = l.doc.Items[n-1].Seq + 1
		}
		l.doc.Items = append(l.doc.Items, stored)
	} else {
		stored.Seq = l.doc.Items[n].Seq
		if old := l.doc.Items[n].Name; l.byName[old] == n {
			delete(l.byName, old)
		}
		l.doc.Items[n] = stored
	}
	l.enter(n, stored)
	return stored.Seq, nil
}

// checkNames refuses items that have been put if others have their names.
func (l *loaded) checkNames(items []*Item) error {
	owner := map[string]*Item{}
	for _, it := range items {
		owner[it.Name] = nil
	}
	for _, it := range l.doc.Items {
		first, put := owner[it.Name]
		if first != nil {
			return fmt.Errorf("item %q (%s): another item of the session has its name", it.Name, it.ID.Key())
		}
		if put {
			owner[it.Name] = it
		}
	}
	return nil
}

// match returns the position of the item that it changes: that of its identity,
// or the one known by name only that it gives an identity to. -1 if it is new.
func (l *loaded) match(it *Item) int {
	if !it.ID.IsZero() {
		if n, ok := l.byKey[it.ID.Key()]; ok {
			return n
		}
	}
	if n := l.after(it.Seq - 1); it.Seq > 0 && n < len(l.doc.Items) {
		if old := l.doc.Items[n]; old.Seq == it.Seq && old.ID.IsZero() && !it.ID.IsZero() {
			return n
		}
	}
	if n, ok := l.byName[it.Name]; ok && l.doc.Items[n].ID.IsZero() {
		return n
	}
	return -1
}

// after returns the position of the first item with a greater Seq.
func (l *loaded) after(seq int64) int {
	n, found := slices.BinarySearchFunc(l.doc.Items, seq, func(it *Item, seq int64) int { return cmp.Compare(it.Seq, seq) })
	if found {
		n++
	}
	return n
}

// Items iterates the items that q selects.
func (a *adapter) Items(ctx context.Context, id string, q ItemQuery) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for after, n := q.After, 0; ; n++ {
			var it *Item
			err := a.view(ctx, id, func(l *loaded) (err error) {
				for _, next := range l.doc.Items[l.after(after):] {
					if q.Awaiting == "" || next.Awaits() == q.Awaiting {
						it, err = copyItem(next)
						break
					}
				}
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			if it == nil || q.Limit > 0 && n == q.Limit || !yield(it, nil) {
				return
			}
			after = it.Seq
		}
	}
}

// Item returns the item with this identity.
func (a *adapter) Item(ctx context.Context, id, key string) (*Item, error) {
	return a.find(ctx, id, func(l *loaded) (int, bool) { n, ok := l.byKey[key]; return n, ok })
}

// ItemNamed returns the item of exactly this name.
func (a *adapter) ItemNamed(ctx context.Context, id, name string) (*Item, error) {
	return a.find(ctx, id, func(l *loaded) (int, bool) { n, ok := l.byName[name]; return n, ok })
}

func (a *adapter) find(ctx context.Context, id string, look func(*loaded) (int, bool)) (it *Item, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		n, ok := look(l)
		if !ok {
			return ErrNotFound
		}
		it, err = copyItem(l.doc.Items[n])
		return err
	})
	return it, err
}

// PutItems stores items with everything else of the session.
func (a *adapter) PutItems(ctx context.Context, id string, items ...*Item) error {
	seqs := make([]int64, len(items))
	err := a.change(ctx, id, func(l *loaded) (err error) {
		for i, it := range items {
			if seqs[i], err = l.put(it); err != nil {
				return err
			}
		}
		return l.checkNames(items)
	})
	if err != nil {
		return err
	}
	for i, it := range items {
		it.Seq = seqs[i]
	}
	return nil
}

// Counts sums up the session's items.
func (a *adapter) Counts(ctx context.Context, id string) (Counts, error) {
	c := Counts{Outcomes: map[Outcome]int{}}
	err := a.view(ctx, id, func(l *loaded) error {
		for _, it := range l.doc.Items {
			c.Add(it)
		}
		return nil
	})
	return c, err
}

// Batches iterates the session's batches by index.
func (a *adapter) Batches(ctx context.Context, id string) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		var batches []*Batch
		err := a.view(ctx, id, func(l *loaded) error { batches = slices.Clone(l.doc.Batches); return nil })
		for _, b := range batches {
			if b, err = copyBatch(b); err != nil || !yield(b, nil) {
				break
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// PutBatch stores a batch with everything else of the session.
func (a *adapter) PutBatch(ctx context.Context, id string, b *Batch) error {
	return a.change(ctx, id, func(l *loaded) error {
		stored, err := copyBatch(b)
		if err != nil {
			return err
		}
		n, found := slices.BinarySearchFunc(l.doc.Batches, stored, byIndex)
		if found {
			l.doc.Batches[n] = stored
		} else {
			l.doc.Batches = slices.Insert(l.doc.Batches, n, stored)
		}
		return nil
	})
}

// DeleteBatch removes a batch.
func (a *adapter) DeleteBatch(ctx context.Context, id string, index int) error {
	return a.change(ctx, id, func(l *loaded) error {
		l.doc.Batches = slices.DeleteFunc(l.doc.Batches, func(b *Batch) bool { return b.Index == index })
		return nil
	})
}

// copyItem returns a copy that shares nothing, in the state of rest.
func copyItem(it *Item) (*Item, error) {
	data, err := EncodeItem(it)
	if err != nil {
		return nil, err
	}
	c, _, err := DecodeItem(data)
	return c, err
}

func copySession(s *Session) (*Session, error) {
	data, err := EncodeSession(s)
	if err != nil {
		return nil, err
	}
	c, _, err := DecodeSession(data)
	return c, err
}

func copyBatch(b *Batch) (*Batch, error) {
	data, err := EncodeBatch(b)
	if err != nil {
		return nil, err
	}
	return DecodeBatch(data)
}

// memoryLedger is the ledger of a store that keeps none.
type memoryLedger struct {
	entries map[[2]string]LedgerEntry
}

func (m *memoryLedger) Recall(_ context.Context, account, key string) (*LedgerEntry, error) {
	e, ok := m.entries[[2]string{account, key}]
	if !ok {
		return nil, ErrNotFound
	}
	return &e, nil
}

func (m *memoryLedger) Record(_ context.Context, entries ...LedgerEntry) error {
	for _, e := range entries {
		m.entries[[2]string{e.Account, e.Key}] = e.Bounded()
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
