package state

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/driver"
)

// change is what one call stores of a session: one of its parts.
type change struct {
	header *driver.Header
	batch  *driver.Batch
	items  []*Item
	seqs   []int64 // of the items, once they are stored

	ctx  context.Context
	err  error         // of this change alone
	done chan struct{} // closed when the change is durable or has failed
}

// queue holds the changes of one session that wait for their turn.
type queue struct {
	turn chan struct{} // holds a value while a group is being stored

	mu      sync.Mutex
	waiting []*change
}

// commit stores a change, together with those that wait with it. It may return
// ctx.Err() late if ctx ends while the change is being stored with others.
func (s *Store) commit(ctx context.Context, session string, c *change) error {
	c.ctx, c.done = ctx, make(chan struct{})
	found, ok := s.queues.Load(session)
	if !ok {
		found, _ = s.queues.LoadOrStore(session, &queue{turn: make(chan struct{}, 1)})
	}
	q := found.(*queue)
	q.add(c)
	select {
	case <-c.done:
	case q.turn <- struct{}{}:
		s.store(session, q.take())
		<-q.turn
	case <-ctx.Done():
		if q.withdraw(c) {
			return ctx.Err()
		}
	}
	<-c.done
	return c.err
}

func (q *queue) add(c *change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, c)
}

// take returns all that waits.
func (q *queue) take() []*change {
	q.mu.Lock()
	defer q.mu.Unlock()
	group := q.waiting
	q.waiting = nil
	return group
}

// withdraw takes a change back, and reports whether it was still waiting.
func (q *queue) withdraw(c *change) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := slices.Index(q.waiting, c)
	if n >= 0 {
		q.waiting = slices.Delete(q.waiting, n, n+1)
	}
	return n >= 0
}

// store stores a group of changes in one transaction. What makes one of them
// impossible does not keep the others back.
func (s *Store) store(session string, group []*change) {
	if len(group) == 0 {
		return
	}
	err := s.transact(session, group)
	if len(group) > 1 && (fault.ClassOf(err) == fault.Item || errors.Is(err, driver.ErrConflict)) {
		for _, c := range group {
			s.store(session, []*change{c})
		}
		return
	}
	for _, c := range group {
		c.finish(err)
	}
}

// finish ends a change; err is that of the transaction.
func (c *change) finish(err error) {
	if ended := c.ctx.Err(); err != nil && ended != nil {
		err = ended
	}
	if errors.Is(err, driver.ErrConflict) && len(c.items) > 0 {
		err = badItem(c.items[0], errNameTaken)
	}
	if err != nil && c.err == nil {
		c.err = err
	}
	close(c.done)
}

// transact runs the transaction of a group. A change that is refused by itself
// has its error.
func (s *Store) transact(session string, group []*change) error {
	ctx, stop := contextOf(group)
	defer stop()
	var written []driver.Change
	err := s.driver.Update(ctx, session, func(tx driver.Tx) error {
		w, err := s.plan(tx, group)
		if written = w.Items; err != nil || w.Header == nil && w.Items == nil && w.Batches == nil {
			return err
		}
		return tx.Write(w)
	})
	s.changed(session, written)
	return err
}

// contextOf returns a context that ends when the contexts of all changes have.
func contextOf(group []*change) (context.Context, func()) {
	if len(group) == 1 {
		return group[0].ctx, func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	go func() {
		defer cancel()
		for _, c := range group {
			select {
			case <-c.ctx.Done():
			case <-ctx.Done():
			}
		}
	}()
	return ctx, cancel
}

// plan returns what a group of changes writes.
func (s *Store) plan(tx driver.Tx, group []*change) (w driver.Write, err error) {
	var items []*Item
	for _, c := range group {
		if c.err = c.ctx.Err(); c.err != nil {
			continue
		}
		items = append(items, c.items...)
		if c.header != nil {
			w.Header = c.header
		}
		if c.batch != nil {
			w.Batches = slices.DeleteFunc(w.Batches, func(b driver.Batch) bool { return b.Index == c.batch.Index })
			w.Batches = append(w.Batches, *c.batch)
		}
	}
	if len(items) > 0 {
		w.Items, err = s.planItems(tx, group, refsOf(items))
	}
	if w.Header != nil && errors.Is(err, ErrNotFound) { // the session is about to be made
		for _, c := range group {
			if c.items != nil {
				c.err = err
			}
		}
		err = nil
	}
	return w, err
}

// planItems returns the rows that the items of a group go into. Only new ones
// need a number: others are looked up as if there were none, at first.
func (s *Store) planItems(tx driver.Tx, group []*change, refs driver.Refs) ([]driver.Change, error) {
	for {
		found, err := tx.Lookup(refs)
		if err != nil {
			return nil, err
		}
		writes := s.rows(group, found)
		isNew := func(c driver.Change) bool { return c.Before == nil }
		if refs.Adding || !slices.ContainsFunc(writes, isNew) {
			return writes, nil
		}
		refs.Adding = true
	}
}

// rows plans the rows of a group, and again without a change that is refused.
func (s *Store) rows(group []*change, found driver.Found) []driver.Change {
	p := newPlan(s.codec, s.names, found)
	for _, c := range group {
		if c.items == nil || c.err != nil {
			continue
		}
		if c.seqs, c.err = p.add(c.items); c.err != nil {
			return s.rows(group, found)
		}
	}
	return p.writes()
}
