package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/gondola-sync/gondola/state/driver"
)

// How many rows of an iteration are in memory at a time. A batch holds the answer
// to a create call, some tens of kilobytes.
const (
	itemPage  = 128
	batchPage = 16
)

// Item returns the item with this identity, or ErrNotFound.
func (s *Store) Item(ctx context.Context, session, key string) (*Item, error) {
	return s.find(ctx, session, driver.Ref{Key: key})
}

// ItemNamed returns the item whose name is taken by name, or ErrNotFound.
func (s *Store) ItemNamed(ctx context.Context, session, name string) (*Item, error) {
	if s.names.CheckName(name) != nil {
		name = ""
	}
	return s.find(ctx, session, driver.Ref{Name: name})
}

func (s *Store) find(ctx context.Context, session string, ref driver.Ref) (*Item, error) {
	err := s.findable(ctx, session)
	if err == nil && ref == (driver.Ref{}) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	row, err := s.driver.Find(ctx, session, ref)
	if err != nil {
		return nil, err
	}
	return s.item(session, row)
}

// item reads an item's document.
func (s *Store) item(session string, row driver.Row) (*Item, error) {
	it, err := s.codec.DecodeItem(row.Document)
	if err != nil {
		return nil, s.driver.Damaged(cmp.Or(row.Where, fmt.Sprintf("item %d of session %q", row.Seq, session)), err)
	}
	it.Seq = row.Seq
	return it, nil
}

// reading is an iteration under way.
type reading struct {
	session string
	changed sync.Map // Seq → nil of items stored since its page was read
}

// changed notes for the iterations of a session which of its rows were written.
func (s *Store) changed(session string, rows []driver.Change) {
	for r := range s.readings.Range {
		for _, row := range rows {
			if r := r.(*reading); r.session == session {
				r.changed.Store(row.Seq, nil)
			}
		}
	}
}

// Items iterates the items that q selects. It reads them by the page, and an item
// of a page anew if it was stored here since.
func (s *Store) Items(ctx context.Context, session string, q Query) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		r := &reading{session: session}
		s.readings.Store(r, nil)
		defer s.readings.Delete(r)
		for n := 0; ; {
			rows, size, err := s.page(ctx, session, q, n, r)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows {
				var it *Item
				it, err = s.current(ctx, session, q, row, r)
				if q.After = row.Seq; errors.Is(err, ErrNotFound) {
					err = nil // it has moved on
					continue
				}
				if n++; !yield(it, err) || err != nil || n == q.Limit {
					return
				}
			}
			if len(rows) < size {
				return
			}
		}
	}
}

// page returns the next rows of an iteration that has yielded n items, and how
// many there would have been if there were enough.
func (s *Store) page(ctx context.Context, session string, q Query, n int, r *reading) (rows []driver.Row, size int, err error) {
	if err := s.findable(ctx, session); err != nil {
		return nil, 0, err
	}
	size = itemPage
	if q.Limit > 0 {
		size = min(size, q.Limit-n)
	}
	r.changed.Clear()
	rows, err = s.driver.Page(ctx, session, q.rows(size))
	return rows, size, err
}

// current returns the item of a row as it is now, or ErrNotFound if q selects it no
// longer.
func (s *Store) current(ctx context.Context, session string, q Query, row driver.Row, r *reading) (*Item, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if _, stale := r.changed.Load(row.Seq); !stale && row.Document != nil {
		return s.item(session, row)
	}
	it, err := s.find(ctx, session, driver.Ref{Seq: row.Seq})
	if err == nil && !q.rows(1).Selects(new(RowOf(it))) {
		err = ErrNotFound
	}
	return it, err
}

// PutItems stores items.
func (s *Store) PutItems(ctx context.Context, session string, items ...*Item) error {
	if err := s.findable(ctx, session); err != nil {
		return err
	}
	if len(items) == 0 {
		_, err := s.driver.Header(ctx, session)
		return err
	}
	for _, it := range items {
		if err := s.checkName(it); err != nil {
			return err
		}
	}
	c := &change{items: items}
	if err := s.commit(ctx, session, c); err != nil {
		return err
	}
	for n, it := range items {
		it.Seq = c.seqs[n]
	}
	return nil
}

func (s *Store) checkName(it *Item) error {
	err := s.names.CheckName(it.Name)
	if it.Name == "" {
		err = errors.New("it has no name")
	}
	if err != nil {
		return Unstorable(it, err)
	}
	return nil
}

// Batches iterates the session's batches by index.
func (s *Store) Batches(ctx context.Context, session string) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		for after := int64(math.MinInt64); ; {
			err := s.findable(ctx, session)
			var rows []driver.Batch
			if err == nil {
				rows, err = s.driver.Batches(ctx, session, after, batchPage)
			}
			for _, row := range rows {
				b, err := s.codec.DecodeBatch(row.Document)
				if err != nil {
					err = s.driver.Damaged(cmp.Or(row.Where, fmt.Sprintf("batch %d of session %q", row.Index, session)), err)
				}
				if !yield(b, err) || err != nil {
					return
				}
				after = row.Index
			}
			if err != nil {
				yield(nil, err)
			}
			if err != nil || len(rows) < batchPage {
				return
			}
		}
	}
}

// PutBatch stores a batch.
func (s *Store) PutBatch(ctx context.Context, session string, b *Batch) error {
	document, err := s.codec.EncodeBatch(b)
	if err != nil {
		return refused(fmt.Sprintf("batch %d of session %q", b.Index, session), err)
	}
	return s.putBatch(ctx, session, driver.Batch{Index: int64(b.Index), Document: document})
}

// DeleteBatch removes a batch.
func (s *Store) DeleteBatch(ctx context.Context, session string, index int) error {
	return s.putBatch(ctx, session, driver.Batch{Index: int64(index)})
}

func (s *Store) putBatch(ctx context.Context, session string, b driver.Batch) error {
	if err := s.findable(ctx, session); err != nil {
		return err
	}
	return s.commit(ctx, session, &change{batch: &b})
}
