package state

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

// loaded is a session in memory. Its items and batches are replaced, never
// changed, so that copies may share them.
type loaded struct {
	doc    *Document
	rows   []driver.Row   // of doc.Items
	byKey  map[string]int // identified items; positions in both
	byName map[string]int
}

func newLoaded(d *Document) (*loaded, error) {
	l := &loaded{
		doc:   &Document{Session: d.Session, Items: slices.Clone(d.Items), Batches: slices.Clone(d.Batches)},
		byKey: map[string]int{}, byName: map[string]int{},
	}
	SortBySeq(l.doc.Items, func(it *Item) *int64 { return &it.Seq })
	slices.SortFunc(l.doc.Batches, func(a, b *Batch) int { return cmp.Compare(a.Index, b.Index) })
	for n, it := range l.doc.Items {
		row := RowOf(it)
		var err error
		if row.Document, err = (Documents{}).EncodeItem(it); err != nil {
			return nil, err
		}
		l.rows = append(l.rows, row)
		l.enter(n)
	}
	return l, nil
}

func (l *loaded) enter(n int) {
	l.byName[l.rows[n].Name] = n
	if key := l.rows[n].Key; key != "" {
		l.byKey[key] = n
	}
}

func (l *loaded) clone() *loaded {
	d := *l.doc
	d.Items, d.Batches = slices.Clone(d.Items), slices.Clone(d.Batches)
	return &loaded{doc: &d, rows: slices.Clone(l.rows), byKey: maps.Clone(l.byKey), byName: maps.Clone(l.byName)}
}

// at returns the position of the item that ref picks, and whether there is one.
func (l *loaded) at(ref driver.Ref) (n int, found bool) {
	switch {
	case ref.Key != "":
		n, found = l.byKey[ref.Key]
	case ref.Name != "":
		n, found = l.byName[ref.Name]
	default:
		n, found = slices.BinarySearchFunc(l.rows, ref.Seq, func(r driver.Row, seq int64) int { return cmp.Compare(r.Seq, seq) })
	}
	return n, found
}

// Find returns the item that ref picks.
func (a *adapter) Find(ctx context.Context, id string, ref driver.Ref) (row driver.Row, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		n, found := l.at(ref)
		if !found {
			return ErrNotFound
		}
		row = l.rows[n]
		return nil
	})
	return row, err
}

// Page returns the next items that q selects. It looks at all of them.
func (a *adapter) Page(ctx context.Context, id string, q driver.Query) (rows []driver.Row, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		cursor := driver.Row{Seq: q.After}
		if n, found := l.at(driver.Ref{Seq: q.After}); found {
			cursor = l.rows[n]
		}
		for _, r := range l.rows {
			if selects(q, r) && (q.After == 0 || compareRows(q, cursor, r) < 0) {
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(a, b driver.Row) int { return compareRows(q, a, b) })
		rows = rows[:min(len(rows), q.Limit)]
		return nil
	})
	return rows, err
}

func compareRows(q driver.Query, a, b driver.Row) int {
	order := cmp.Compare(a.Seq, b.Seq)
	switch q.Order {
	case driver.ByName:
		order = strings.Compare(a.Name, b.Name)
	case driver.ByCaptured:
		order = cmp.Or(strings.Compare(a.Captured, b.Captured), order)
	}
	if q.Descending {
		return -order
	}
	return order
}

func selects(q driver.Query, r driver.Row) bool {
	return (q.Next == "" || r.Next == q.Next) && (q.Outcome == "" || r.Outcome == q.Outcome) && strings.HasPrefix(r.Name, q.Prefix) &&
		r.Captured >= q.From && (q.Until == "" || r.Captured != "" && r.Captured <= q.Until)
}

// Sums sums up the session's items.
func (a *adapter) Sums(ctx context.Context, id string) (sums []driver.Sum, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		for _, r := range l.rows {
			sums = append(sums, driver.Sum{Outcome: r.Outcome, Items: 1, Bytes: max(r.Size, 0), Carried: r.Carried})
		}
		return nil
	})
	return sums, err
}

// Batches returns the next batches.
func (a *adapter) Batches(ctx context.Context, id string, after int64, limit int) (batches []driver.Batch, err error) {
	err = a.view(ctx, id, func(l *loaded) error {
		for _, b := range l.doc.Batches {
			if int64(b.Index) <= after || len(batches) == limit {
				continue
			}
			document, err := Documents{}.EncodeBatch(b)
			if err != nil {
				return err
			}
			batches = append(batches, driver.Batch{Index: int64(b.Index), Document: document})
		}
		return nil
	})
	return batches, err
}

// adapterTx is a change of a copy of a session.
type adapterTx struct {
	next    *loaded // nil if there is no such session yet
	written bool
}

// Lookup returns the items that refs pick.
func (t *adapterTx) Lookup(refs driver.Refs) (found driver.Found, err error) {
	if t.next == nil {
		return found, ErrNotFound
	}
	picked := map[int]bool{}
	pick := func(ref driver.Ref) {
		if n, ok := t.next.at(ref); ok && !picked[n] {
			picked[n] = true
			found.Rows = append(found.Rows, t.next.rows[n])
		}
	}
	for _, key := range refs.Keys {
		pick(driver.Ref{Key: key})
	}
	for _, name := range refs.Names {
		pick(driver.Ref{Name: name})
	}
	for _, seq := range refs.Seqs {
		pick(driver.Ref{Seq: seq})
	}
	if n := len(t.next.rows); n > 0 {
		found.Last = t.next.rows[n-1].Seq
	}
	return found, nil
}

// Write stores a header, items and batches.
func (t *adapterTx) Write(w driver.Write) error {
	if w.Header != nil {
		s, err := Documents{}.DecodeSession(w.Header.Document)
		if err != nil {
			return err
		}
		if t.next == nil {
			t.next, err = newLoaded(&Document{Session: s})
		}
		if err != nil {
			return err
		}
		t.next.doc.Session = s
	}
	if t.next == nil {
		return ErrNotFound
	}
	if err := t.next.putItems(w.Items); err != nil {
		return err
	}
	for _, b := range w.Batches {
		if err := t.next.putBatch(b); err != nil {
			return err
		}
	}
	t.written = true
	return nil
}

// putItems stores items. Former names go first, since they may be exchanged.
func (l *loaded) putItems(changes []driver.Change) error {
	for _, c := range changes {
		if c.Before != nil {
			delete(l.byName, c.Before.Name)
		}
	}
	for _, c := range changes {
		it, err := Documents{}.DecodeItem(c.Document)
		if err != nil {
			return err
		}
		it.Seq = c.Seq
		n, found := l.at(driver.Ref{Seq: c.Seq})
		if found {
			l.rows[n], l.doc.Items[n] = c.Row, it
		} else {
			l.rows, l.doc.Items = slices.Insert(l.rows, n, c.Row), slices.Insert(l.doc.Items, n, it)
		}
		l.enter(n)
	}
	return nil
}

func (l *loaded) putBatch(row driver.Batch) error {
	n, found := slices.BinarySearchFunc(l.doc.Batches, row.Index, func(b *Batch, index int64) int { return cmp.Compare(int64(b.Index), index) })
	if found {
		l.doc.Batches = slices.Delete(l.doc.Batches, n, n+1)
	}
	if row.Document == nil {
		return nil
	}
	b, err := Documents{}.DecodeBatch(row.Document)
	if err == nil {
		l.doc.Batches = slices.Insert(l.doc.Batches, n, b)
	}
	return err
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
