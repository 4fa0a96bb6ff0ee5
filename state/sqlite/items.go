package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gondola-sync/gondola/state"
)

// pageSize is how many rows of an iteration are read at a time.
const pageSize = 128

// stored is a row of an iteration: its place in the order, and its document.
type stored struct {
	place    int64
	document string
}

// Items iterates the items that q selects, by Seq. It reads them by the page,
// and an item of a page anew if anything was stored here since.
func (b *Backend) Items(ctx context.Context, id string, q state.ItemQuery) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		n := 0
		for r, err := range b.pages(ctx, q.After, func(after int64) ([]stored, error) { return b.itemPage(ctx, id, q, after) },
			func(seq int64) (string, error) { return b.itemAt(ctx, id, seq) }) {
			var it *state.Item
			if err == nil {
				it, err = b.item(id, r)
			}
			if err == nil && q.Awaiting != "" && it.Awaits() != q.Awaiting {
				continue // it has moved on
			}
			if n++; !yield(it, err) || err != nil || n == q.Limit {
				return
			}
		}
	}
}

// pages iterates rows, given the page after a place and one row anew.
func (b *Backend) pages(ctx context.Context, after int64, page func(after int64) ([]stored, error), fresh func(place int64) (string, error)) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		for {
			seen := b.commits.Load()
			rows, err := page(after)
			for _, r := range rows {
				if b.commits.Load() != seen {
					r.document, err = fresh(r.place)
				} else {
					err = b.ready(ctx)
				}
				if errors.Is(err, state.ErrNotFound) {
					continue
				}
				if !yield(r, err) || err != nil {
					return
				}
				after = r.place
			}
			if err != nil {
				yield(stored{}, err)
			}
			if err != nil || len(rows) == 0 {
				return
			}
		}
	}
}

// itemPage returns the next items of an iteration; none at its end.
func (b *Backend) itemPage(ctx context.Context, id string, q state.ItemQuery, after int64) ([]stored, error) {
	limit := pageSize
	if q.Limit > 0 {
		limit = min(limit, q.Limit)
	}
	if q.Awaiting == "" {
		return b.page(ctx, id, `SELECT s.number, i.seq, i.document FROM session s
			LEFT JOIN item i ON i.session = s.number AND i.seq > ?2
			WHERE s.id = ?1 ORDER BY i.seq LIMIT ?3`, id, after, limit)
	}
	return b.page(ctx, id, `SELECT s.number, i.seq, i.document FROM session s
		LEFT JOIN item i ON i.session = s.number AND i.awaits = ?4 AND i.seq > ?2
		WHERE s.id = ?1 ORDER BY i.seq LIMIT ?3`, id, after, limit, string(q.Awaiting))
}

// page returns rows of a stored session.
func (b *Backend) page(ctx context.Context, id, query string, args ...any) (rows []stored, err error) {
	known := false
	err = b.read(ctx, on("read", id), query, args, func(r row) error {
		var session int64
		var place *int64
		var document *string
		if err := r.Scan(&session, &place, &document); err != nil {
			return err
		}
		if known = true; place != nil {
			rows = append(rows, stored{*place, *document})
		}
		return nil
	})
	if err == nil && !known {
		err = state.ErrNotFound
	}
	return rows, err
}

const selectItem = "SELECT i.seq, i.document FROM session s JOIN item i ON i.session = s.number WHERE s.id = ?1 AND "

func (b *Backend) itemAt(ctx context.Context, id string, seq int64) (document string, err error) {
	err = b.one(ctx, on("read", id), selectItem+"i.seq = ?2", []any{id, seq}, &seq, &document)
	return document, err
}

// Item returns the item with this identity, or state.ErrNotFound.
func (b *Backend) Item(ctx context.Context, id, key string) (*state.Item, error) {
	return b.find(ctx, id, "i.key = ?2", key)
}

// ItemNamed returns the item of exactly this name, or state.ErrNotFound.
func (b *Backend) ItemNamed(ctx context.Context, id, name string) (*state.Item, error) {
	return b.find(ctx, id, "i.name = ?2", name)
}

func (b *Backend) find(ctx context.Context, id, where, what string) (*state.Item, error) {
	var r stored
	if err := b.one(ctx, on("read", id), selectItem+where, []any{id, what}, &r.place, &r.document); err != nil {
		return nil, err
	}
	return b.item(id, r)
}

// item reads an item's document.
func (b *Backend) item(id string, r stored) (*state.Item, error) {
	it, _, err := state.DecodeItem([]byte(r.document))
	if err != nil {
		return nil, b.corrupt(fmt.Sprintf("item %d of session %q", r.place, id), err)
	}
	it.Seq = r.place
	return it, nil
}

// Counts sums up the session's items, from sums that the database keeps.
func (b *Backend) Counts(ctx context.Context, id string) (state.Counts, error) {
	c := state.Counts{Outcomes: map[state.Outcome]int{}}
	known := false
	err := b.read(ctx, on("count the items of", id), `SELECT coalesce(t.outcome, ''), coalesce(t.items, 0), coalesce(t.bytes, 0), coalesce(t.carried, 0)
		FROM session s LEFT JOIN tally t ON t.session = s.number WHERE s.id = ?`, []any{id}, func(r row) error {
		var outcome state.Outcome
		var items int
		var bytes, carried int64
		if err := r.Scan(&outcome, &items, &bytes, &carried); err != nil {
			return err
		}
		known = true
		if items == 0 {
			return nil
		}
		c.Total += items
		c.Outcomes[outcome] = items
		c.Carried += carried
		if outcome != state.OutcomeSkipped {
			c.Bytes += bytes
		}
		return nil
	})
	if err == nil && !known {
		err = state.ErrNotFound
	}
	return c, err
}
