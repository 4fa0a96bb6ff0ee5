package postgres

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state"
)

// itemPage is how many items of an iteration are in memory at a time.
const itemPage = 200

// Items iterates the items that q selects, by Seq, a page at a time: nothing is
// held in the database while the caller works on an item.
func (b *Backend) Items(ctx context.Context, session string, q state.ItemQuery) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		last, err := b.lastSeq(ctx, session)
		if err != nil {
			yield(nil, err)
			return
		}
		for after, n := q.After, 0; after < last && (q.Limit == 0 || n < q.Limit); {
			size := itemPage
			if q.Limit > 0 {
				size = min(size, q.Limit-n)
			}
			page, next, err := b.page(ctx, session, q.Awaiting, after, size)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range page {
				it, err := b.decodeItem(session, row)
				if n++; !yield(it, err) || err != nil {
					return
				}
			}
			after = next
		}
	}
}

// lastSeq returns the Seq of the item found last, 0 if there is none.
func (b *Backend) lastSeq(ctx context.Context, session string) (int64, error) {
	if !storable(session) {
		return 0, notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, readOp(session), pgx.RowTo[int64], `SELECT coalesce((SELECT max(seq) FROM gondola.items WHERE session = num), 0)
		FROM gondola.sessions WHERE id = $1`, session)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, state.ErrNotFound
	}
	return found[0], nil
}

// page returns items whose Seq is greater than after, and the Seq that the next
// page comes after.
func (b *Backend) page(ctx context.Context, session string, awaiting state.Stage, after int64, size int) (page []numbered, next int64, err error) {
	if awaiting == "" {
		next = after + int64(size) // numbers have no gaps to speak of
		page, err = query(ctx, b, readOp(session), pgx.RowToStructByPos[numbered], `SELECT seq, document FROM gondola.items
			WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND seq > $2 AND seq <= $3 ORDER BY seq`,
			session, after, next)
		return page, next, err
	}
	page, err = query(ctx, b, readOp(session), pgx.RowToStructByPos[numbered], pendingPage, session, string(awaiting), after, size)
	if err != nil || len(page) < size {
		return page, math.MaxInt64, err
	}
	return page, page[size-1].N, nil
}

// pendingPage picks the next items that await a stage. It compares whole keys
// because the planner cannot know how much is pending in a session that has just
// been filled: counting on little, it would collect all of it and sort.
const pendingPage = `
	SELECT page.seq, item.document
	FROM (SELECT session, seq FROM gondola.pending
		WHERE (session, stage, seq) > ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, $3::bigint)
			AND (session, stage, seq) <= ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, 9223372036854775807)
		ORDER BY session, stage, seq LIMIT $4) AS page
	CROSS JOIN LATERAL (SELECT document FROM gondola.items
		WHERE session = page.session AND seq = page.seq LIMIT 1) AS item
	ORDER BY page.seq`

func (b *Backend) decodeItem(session string, row numbered) (*state.Item, error) {
	it, _, err := state.DecodeItem(row.Document)
	if err != nil {
		return nil, b.damaged(fmt.Sprintf("item %d of session %q", row.N, session), err)
	}
	it.Seq = row.N
	return it, nil
}

// Item returns the item with this identity, or state.ErrNotFound.
func (b *Backend) Item(ctx context.Context, session, key string) (*state.Item, error) {
	return b.find(ctx, session, key, `SELECT seq, document FROM gondola.items
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND identity = $2`)
}

// ItemNamed returns the item of this name, or state.ErrNotFound.
func (b *Backend) ItemNamed(ctx context.Context, session, name string) (*state.Item, error) {
	return b.find(ctx, session, name, `SELECT seq, document FROM gondola.items
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND name = $2`)
}

func (b *Backend) find(ctx context.Context, session, by, sql string) (*state.Item, error) {
	if !storable(session) || !storable(by) {
		return nil, notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, readOp(session), pgx.RowToStructByPos[numbered], sql, session, by)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, state.ErrNotFound
	}
	return b.decodeItem(session, found[0])
}
