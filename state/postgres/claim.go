package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// ErrClaimLost is what a [fault.Error] of class Item wraps that tells a
// worker that another one has its item: the claim had run out.
var ErrClaimLost = errors.New("another worker has taken it over, since the claim was not renewed in time")

// DefaultClaim is how long a claim holds without being renewed.
const DefaultClaim = time.Minute

// ClaimOptions describe a worker. The zero ClaimOptions are ready for use.
type ClaimOptions struct {
	Worker string        // its name, for people
	TTL    time.Duration // how long the claim holds without Renew, by the server's clock; 0 is DefaultClaim
}

// Claim is a share of a session's work that one worker has taken: no other claim
// gets its items until it is released, or runs out. It ends by itself for an
// item that is stored as having passed the stage it was claimed for.
//
// Its methods are safe for concurrent use.
type Claim struct {
	Items []*state.Item // by Seq; never more than were asked for, none if there is nothing to take

	b       *Backend
	session string
	stage   state.Stage
	token   string
	ttl     time.Duration

	mu   sync.Mutex
	held map[int64]*state.Item // by Seq: those not passed on, released or lost
}

// Claim takes up to n items of a session that await a stage and that nobody
// holds, the first ones by Seq. Workers that claim at the same time do not wait
// for each other. A claim needs no lock of the session; whoever lets several
// workers run a session takes care that nobody else runs it.
//
// It returns ErrNotFound if there is no such session.
func (b *Backend) Claim(ctx context.Context, session string, stage state.Stage, n int, o ClaimOptions) (*Claim, error) {
	if err := b.exists(ctx, session); err != nil {
		return nil, err
	}
	c := &Claim{
		b: b, session: session, stage: stage, token: rand.Text(), ttl: cmp.Or(o.TTL, DefaultClaim), held: map[int64]*state.Item{},
	}
	op := fmt.Sprintf("claim items of session %q", session)
	if !storable(o.Worker) {
		return nil, b.fault(op, errText)
	}
	var taken []numbered
	attempts := 0
	err := b.change(ctx, op, func(_ context.Context, t *tx) error {
		if attempts++; attempts > 1 { // the answer was lost, so that what it took is not known
			t.exec(`UPDATE gondola.pending SET claimed_until = NULL
				WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND stage = $2 AND claim = $3`, session, string(stage), c.token)
		}
		taken = nil
		for range n {
			t.exec(claimOne, session, string(stage), c.token, o.Worker, c.ttl).Query(func(rows pgx.Rows) (err error) {
				taken, err = pgx.AppendRows(taken, rows, pgx.RowToStructByPos[numbered])
				return err
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(taken, func(a, b numbered) int { return cmp.Compare(a.N, b.N) })
	for _, row := range taken {
		it, err := b.decodeItem(session, row)
		if err != nil {
			return nil, err
		}
		c.Items = append(c.Items, it)
		c.held[it.Seq] = it
	}
	return c, nil
}

// claimOne takes the first pending item that is free and that nobody is about to
// take or to change. It compares whole keys for the reason that pendingPage has.
const claimOne = `
	UPDATE gondola.pending AS p SET claim = $3, claimed_by = $4, claimed_until = now() + $5::interval
	WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND stage = $2::text AND seq = (
		SELECT seq FROM gondola.pending
		WHERE (session, stage, seq) > ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, 0::bigint)
			AND (session, stage, seq) <= ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, 9223372036854775807)
			AND (claimed_until IS NULL OR claimed_until <= now())
		ORDER BY session, stage, seq LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING seq, (SELECT document FROM gondola.items AS i WHERE i.session = p.session AND i.seq = p.seq)`

// Renew lets the claim hold for its whole time again, from now, and returns the
// items that were lost to other workers: work on them has to stop. A claim that
// ran out is renewed as well where nobody has taken the item.
func (c *Claim) Renew(ctx context.Context) (lost []*state.Item, err error) {
	seqs := c.seqs()
	if len(seqs) == 0 {
		return nil, c.b.usable(ctx)
	}
	kept := map[int64]bool{}
	err = c.b.change(ctx, c.op("renew"), func(_ context.Context, t *tx) error {
		for _, seq := range seqs {
			t.exec(`UPDATE gondola.pending SET claimed_until = now() + $5::interval
				WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND stage = $2 AND seq = $3 AND claim = $4`,
				c.session, string(c.stage), seq, c.token, c.ttl).Exec(func(tag pgconn.CommandTag) error {
				kept[seq] = tag.RowsAffected() > 0
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range seqs {
		if it := c.held[seq]; it != nil && !kept[seq] {
			lost = append(lost, it)
			delete(c.held, seq)
		}
	}
	return lost, nil
}

// Put stores items of the claim, all or none. It returns a fault that wraps
// ErrClaimLost, and stores nothing, if the claim does not hold one of them.
func (c *Claim) Put(ctx context.Context, items ...*state.Item) error {
	if err := c.b.putItems(ctx, c.session, claimed{c.token, c.stage}, items); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range items {
		if it.Awaits() != c.stage {
			delete(c.held, it.Seq)
		}
	}
	return nil
}

// claimed says under which claim items are stored: none if it has no token.
type claimed struct {
	token string
	stage state.Stage
}

// checkClaim tells whether the claim holds what is to be stored, and keeps
// others from taking it. An item that was stored under the claim last and has
// passed the stage counts as held, so that a change whose outcome is unknown can
// be made again.
func (t *tx) checkClaim(ctx context.Context, session int64, claim claimed, puts []*put) error {
	held := map[int64]bool{}
	for _, p := range puts {
		t.queue(`SELECT seq FROM gondola.pending WHERE session = $1 AND stage = $2 AND seq = $3 AND claim = $4 FOR UPDATE`,
			session, string(claim.stage), p.seq, claim.token).Exec(func(tag pgconn.CommandTag) error {
			held[p.seq] = tag.RowsAffected() > 0
			return nil
		})
	}
	if err := t.send(ctx); err != nil {
		return err
	}
	for _, p := range puts {
		again := p.row != nil && p.row.Claim == claim.token && p.row.Awaits != string(claim.stage)
		if !held[p.seq] && !again {
			return &fault.Error{
				Class: fault.Item, Code: fault.State,
				Op: fmt.Sprintf("store item %q (%s)", p.item().Name, p.item().ID.Key()), Err: ErrClaimLost,
			}
		}
	}
	return nil
}

// Release gives items back for others to take at once, or all that the claim
// still holds if none are named.
func (c *Claim) Release(ctx context.Context, items ...*state.Item) error {
	seqs := c.seqs()
	if len(items) > 0 {
		seqs = nil
		for _, it := range items {
			seqs = append(seqs, it.Seq)
		}
		slices.Sort(seqs)
	}
	if len(seqs) == 0 {
		return c.b.usable(ctx)
	}
	err := c.b.change(ctx, c.op("release"), func(_ context.Context, t *tx) error {
		for _, seq := range seqs {
			t.exec(`UPDATE gondola.pending SET claim = NULL, claimed_by = NULL, claimed_until = NULL
				WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND stage = $2 AND seq = $3 AND claim = $4`,
				c.session, string(c.stage), seq, c.token)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range seqs {
		delete(c.held, seq)
	}
	return nil
}

func (c *Claim) op(verb string) string {
	return fmt.Sprintf("%s a claim on items of session %q", verb, c.session)
}

// seqs returns what the claim holds, in the order in which all lock rows.
func (c *Claim) seqs() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.held))
}
