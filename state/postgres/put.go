package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// PutItems stores items in one transaction of three round trips, however many
// they are. Items of one call may exchange their names.
func (b *Backend) PutItems(ctx context.Context, session string, items ...*state.Item) error {
	if len(items) == 0 || !storable(session) {
		return b.exists(ctx, session)
	}
	for _, it := range items {
		if err := checkName(it); err != nil {
			return err
		}
	}
	op := fmt.Sprintf("store items of session %q", session)
	var puts []*put
	err := b.changeSession(ctx, session, op, func(ctx context.Context, t *tx) error {
		num, found, err := t.plan(ctx, session, items)
		if err != nil {
			return err
		}
		puts = found
		return t.put(num, puts)
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueness {
		err = badItem(items[0], errNameTaken) // by somebody else at the same time
	}
	if err != nil {
		return err
	}
	for _, p := range puts {
		for _, it := range p.given {
			it.Seq = p.seq
		}
	}
	return nil
}

var errNameTaken = errors.New("another item of the session takes its name")

func checkName(it *state.Item) error {
	switch {
	case it.Name == "":
		return state.Unstorable(it, errors.New("it has no name"))
	case !storable(it.Name):
		return state.Unstorable(it, errText)
	}
	return nil
}

func badItem(it *state.Item, why error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op: fmt.Sprintf("store item %q (%s)", it.Name, it.ID.Key()), Err: why,
	}
}

// plan reads and locks what the items change. Only new items need a number, and
// with it the session's row to themselves; changes of others go side by side.
func (t *tx) plan(ctx context.Context, session string, items []*state.Item) (num int64, puts []*put, err error) {
	adding := slices.ContainsFunc(items, func(it *state.Item) bool { return it.Seq == 0 })
	for {
		num, last, found, err := t.find(ctx, session, adding, items)
		if err == nil {
			puts, err = plan(items, found, last)
		}
		isNew := func(p *put) bool { return p.row == nil }
		if err != nil || adding || !slices.ContainsFunc(puts, isNew) {
			return num, puts, err
		}
		adding = true
	}
}

// find returns the session's number, its last Seq, and the rows that items may
// change or be in the way of. The rows stay locked.
func (t *tx) find(ctx context.Context, session string, adding bool, items []*state.Item) (num, last int64, found []row, err error) {
	lock := ""
	if adding {
		lock = " FOR NO KEY UPDATE"
	}
	t.queue(`SELECT num FROM gondola.sessions WHERE id = $1`+lock, session).QueryRow(func(r pgx.Row) error {
		err := r.Scan(&num)
		if errors.Is(err, pgx.ErrNoRows) {
			return state.ErrNotFound
		}
		return err
	})
	identities, names, seqs := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	for _, it := range items {
		names[it.Name] = true
		if !it.ID.IsZero() {
			identities[it.ID.Key()] = true
		}
		if it.Seq > 0 {
			seqs[it.Seq] = true
		}
	}
	t.findBy(&found, session, "identity = wanted.value", slices.Sorted(maps.Keys(identities)))
	t.findBy(&found, session, "seq = wanted.value::bigint AND identity IS NULL", decimals(slices.Sorted(maps.Keys(seqs))))
	t.findBy(&found, session, "name = wanted.value", slices.Sorted(maps.Keys(names)))
	if adding {
		t.queue(`SELECT coalesce(max(seq), 0) FROM gondola.items WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1)`, session).
			QueryRow(func(r pgx.Row) error { return r.Scan(&last) })
	}
	err = t.send(ctx)
	return num, last, found, err
}

// findBy queues a look at the rows that a condition picks for each value. Each
// row is looked up by its own key, whatever the planner believes of how many
// items a session has: it may never have seen this one.
func (t *tx) findBy(found *[]row, session, condition string, values []string) {
	if len(values) == 0 {
		return
	}
	t.queue(`SELECT i.* FROM unnest($2::text[]) AS wanted (value) CROSS JOIN LATERAL (
			SELECT seq, coalesce(identity, ''), name, awaits, outcome, size, carried FROM gondola.items
			WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND `+condition+` LIMIT 1 FOR UPDATE) AS i`,
		session, values).Query(func(rows pgx.Rows) (err error) {
		*found, err = pgx.AppendRows(*found, rows, pgx.RowToStructByPos[row])
		return err
	})
}

func decimals(numbers []int64) (all []string) {
	for _, n := range numbers {
		all = append(all, strconv.FormatInt(n, 10))
	}
	return all
}

// put queues the writing of items, what it changes in what is pending, and what
// in the session's counts.
func (t *tx) put(session int64, puts []*put) error {
	var seqs, sizes, carried []int64
	var identities, names, awaits, outcomes, documents []string
	for _, p := range puts {
		stored := *p.item()
		stored.Seq = p.seq
		document, err := compact(state.EncodeItem(&stored))
		if err != nil {
			return err
		}
		seqs, sizes, carried = append(seqs, p.seq), append(sizes, stored.Size), append(carried, stored.Carried)
		identities, names, documents = append(identities, stored.ID.Key()), append(names, stored.Name), append(documents, document)
		awaits, outcomes = append(awaits, string(stored.Awaits())), append(outcomes, string(stored.Outcome()))
	}
	t.exec(`INSERT INTO gondola.items (session, seq, identity, name, awaits, outcome, size, carried, document)
		SELECT $1, seq, nullif(identity, ''), name, awaits, outcome, size, carried, document::json
		FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[])
			AS new (seq, identity, name, awaits, outcome, size, carried, document)
		ON CONFLICT (session, seq) DO UPDATE SET
			identity = excluded.identity, name = excluded.name, awaits = excluded.awaits, outcome = excluded.outcome,
			size = excluded.size, carried = excluded.carried, document = excluded.document`,
		session, seqs, identities, names, awaits, outcomes, sizes, carried, documents)
	t.moveOn(session, puts)
	t.count(session, puts)
	return nil
}

// moveOn queues what changes in what is pending.
func (t *tx) moveOn(session int64, puts []*put) {
	var seqs []int64
	var stages []string
	for _, p := range puts {
		before, now := "", string(p.item().Awaits())
		if p.row != nil {
			before = p.row.Awaits
		}
		if before == now {
			continue
		}
		if before != "" {
			t.exec(`DELETE FROM gondola.pending WHERE session = $1 AND stage = $2 AND seq = $3`, session, before, p.seq)
		}
		if now != "" {
			seqs, stages = append(seqs, p.seq), append(stages, now)
		}
	}
	if len(seqs) > 0 {
		t.exec(`INSERT INTO gondola.pending (session, stage, seq)
			SELECT $1, stage, seq FROM unnest($2::text[], $3::bigint[]) AS new (stage, seq) ON CONFLICT DO NOTHING`, session, stages, seqs)
	}
}

// counted is what a size counts for in a sum: at most 4 TiB, so that no source
// that lies about sizes makes a sum overflow.
func counted(size int64) int64 { return max(0, min(size, 4<<40)) }

// count queues what a change adds to the session's counts. They are kept in
// several rows for each outcome, one of which each connection takes, so that
// changes seldom wait for each other. It comes last in a change and goes by
// outcome: nobody who waits here holds what another one waits for.
func (t *tx) count(session int64, puts []*put) {
	changes := map[string]*count{}
	add := func(outcome string, sign, size, carried int64) {
		c := changes[outcome]
		if c == nil {
			c = &count{Outcome: outcome}
			changes[outcome] = c
		}
		c.Items += sign
		c.Carried += sign * counted(carried)
		if outcome != string(state.OutcomeSkipped) {
			c.Bytes += sign * counted(size)
		}
	}
	for _, p := range puts {
		if r := p.row; r != nil {
			add(r.Outcome, -1, r.Size, r.Carried)
		}
		it := p.item()
		add(string(it.Outcome()), 1, it.Size, it.Carried)
	}
	var outcomes []string
	var items, bytes, carried []int64
	for _, outcome := range slices.Sorted(maps.Keys(changes)) {
		if c := changes[outcome]; c.Items != 0 || c.Bytes != 0 || c.Carried != 0 {
			outcomes, items, bytes, carried = append(outcomes, outcome), append(items, c.Items), append(bytes, c.Bytes), append(carried, c.Carried)
		}
	}
	if len(outcomes) == 0 {
		return
	}
	t.exec(`INSERT INTO gondola.counts AS c (session, slot, outcome, items, bytes, carried)
		SELECT $1, pg_backend_pid() % 16, outcome, items, bytes, carried
		FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS new (outcome, items, bytes, carried)
		ON CONFLICT (session, slot, outcome) DO UPDATE SET
			items = c.items + excluded.items, bytes = c.bytes + excluded.bytes, carried = c.carried + excluded.carried`,
		session, outcomes, items, bytes, carried)
}
