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

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// Update runs one transaction on a session, of two or three round trips. It is
// repeated if its outcome is unknown, which leads to the same state.
func (b *db) Update(ctx context.Context, session string, do func(driver.Tx) error) error {
	err := b.changeSession(ctx, session, fmt.Sprintf("store session %q", session), func(ctx context.Context, t *tx) error {
		if err := b.update(ctx); err != nil {
			return err
		}
		return do(&update{tx: t, ctx: ctx, session: session})
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueness {
		return fmt.Errorf("%w: %w", driver.ErrConflict, err)
	}
	return err
}

// update is a transaction on a session.
type update struct {
	*tx
	ctx     context.Context
	session string
	num     int64 // of the session, once rows have been looked up
}

// Lookup reads and locks rows, in one round trip. Only new items need a number,
// and with it the session's row to themselves; changes of others go side by side.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	lock := ""
	if refs.Adding {
		lock = " FOR NO KEY UPDATE"
	}
	u.queue(`SELECT num FROM gondola.sessions WHERE id = $1`+lock, u.session).QueryRow(u.scanNum)
	u.findBy(&found.Rows, "identity = wanted.value", refs.Keys)
	u.findBy(&found.Rows, "seq = wanted.value::bigint AND identity IS NULL", decimals(refs.Seqs))
	u.findBy(&found.Rows, "name = wanted.value", refs.Names)
	if refs.Adding {
		u.queue(`SELECT coalesce(max(seq), 0) FROM gondola.items WHERE session = `+num, u.session).
			QueryRow(func(r pgx.Row) error { return r.Scan(&found.Last) })
	}
	err = u.send(u.ctx)
	slices.SortFunc(found.Rows, func(a, b driver.Row) int { return int(a.Seq - b.Seq) })
	found.Rows = slices.CompactFunc(found.Rows, func(a, b driver.Row) bool { return a.Seq == b.Seq })
	return found, err
}

func (u *update) scanNum(r pgx.Row) error {
	err := r.Scan(&u.num)
	if errors.Is(err, pgx.ErrNoRows) {
		return driver.ErrNotFound
	}
	return err
}

// findBy queues a look at the rows that a condition picks for each value. Each
// row is looked up by its own key, whatever the planner believes of how many
// items a session has: it may never have seen this one.
func (u *update) findBy(found *[]driver.Row, condition string, values []string) {
	if len(values) == 0 {
		return
	}
	u.queue(`SELECT i.* FROM unnest($2::text[]) AS wanted (value) CROSS JOIN LATERAL (
			SELECT seq, coalesce(identity, ''), name, awaits, outcome, size, carried FROM gondola.items
			WHERE session = `+num+` AND `+condition+` LIMIT 1 FOR UPDATE) AS i`,
		u.session, values).Query(func(rows pgx.Rows) (err error) {
		*found, err = pgx.AppendRows(*found, rows, func(row pgx.CollectableRow) (r driver.Row, err error) {
			err = row.Scan(&r.Seq, &r.Key, &r.Name, &r.Next, &r.Outcome, &r.Size, &r.Carried)
			return r, err
		})
		return err
	})
}

func decimals(numbers []int64) (all []string) {
	for _, n := range numbers {
		all = append(all, strconv.FormatInt(n, 10))
	}
	return all
}

// Write queues the writing of a header, batches and items. The sums come last.
func (u *update) Write(w driver.Write) error {
	switch {
	case w.Header != nil:
		u.exec(`INSERT INTO gondola.sessions (id, updated, document) VALUES ($1, $2, $3::text::json)
			ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, document = excluded.document`,
			w.Header.ID, w.Header.Updated, driver.OneLine(w.Header.Document))
	case u.num == 0:
		u.queue(`SELECT num FROM gondola.sessions WHERE id = $1`, u.session).QueryRow(u.scanNum)
	}
	for _, b := range w.Batches {
		u.putBatch(b)
	}
	if len(w.Items) > 0 {
		u.putItems(w.Items)
		u.moveOn(w.Items)
		u.count(w.Items)
	}
	return nil
}

func (u *update) putBatch(b driver.Batch) {
	if b.Document == nil {
		u.exec(`DELETE FROM gondola.batches WHERE session = `+num+` AND index = $2`, u.session, b.Index)
		return
	}
	u.exec(`INSERT INTO gondola.batches (session, index, document)
		SELECT num, $2::bigint, $3::text::json FROM gondola.sessions WHERE id = $1
		ON CONFLICT (session, index) DO UPDATE SET document = excluded.document`, u.session, b.Index, driver.OneLine(b.Document))
}

func (u *update) putItems(changes []driver.Change) {
	var seqs, sizes, carried []int64
	var identities, names, awaits, outcomes, captured, documents []string
	for _, c := range changes {
		seqs, sizes, carried = append(seqs, c.Seq), append(sizes, c.Size), append(carried, c.Carried)
		identities, names, documents = append(identities, c.Key), append(names, c.Name), append(documents, driver.OneLine(c.Document))
		awaits, outcomes, captured = append(awaits, c.Next), append(outcomes, c.Outcome), append(captured, c.Captured)
	}
	u.exec(`INSERT INTO gondola.items (session, seq, identity, name, awaits, outcome, size, carried, captured, document)
		SELECT $1, seq, nullif(identity, ''), name, awaits, outcome, size, carried, captured, document::json
		FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::text[])
			AS new (seq, identity, name, awaits, outcome, size, carried, captured, document)
		ON CONFLICT (session, seq) DO UPDATE SET
			identity = excluded.identity, name = excluded.name, awaits = excluded.awaits, outcome = excluded.outcome,
			size = excluded.size, carried = excluded.carried, captured = excluded.captured, document = excluded.document`,
		u.num, seqs, identities, names, awaits, outcomes, sizes, carried, captured, documents)
}

// moveOn queues what changes in what is pending.
func (u *update) moveOn(changes []driver.Change) {
	var seqs []int64
	var stages []string
	for _, c := range changes {
		before := ""
		if c.Before != nil {
			before = c.Before.Next
		}
		if before == c.Next {
			continue
		}
		if before != "" {
			u.exec(`DELETE FROM gondola.pending WHERE session = $1 AND stage = $2 AND seq = $3`, u.num, before, c.Seq)
		}
		if c.Next != "" {
			seqs, stages = append(seqs, c.Seq), append(stages, c.Next)
		}
	}
	if len(seqs) > 0 {
		u.exec(`INSERT INTO gondola.pending (session, stage, seq)
			SELECT $1, stage, seq FROM unnest($2::text[], $3::bigint[]) AS new (stage, seq) ON CONFLICT DO NOTHING`, u.num, stages, seqs)
	}
}

// counted is what a size counts for in a sum: at most 4 TiB, so that no source
// that lies about sizes makes a sum overflow.
func counted(size int64) int64 { return max(0, min(size, 4<<40)) }

// sums are what a change adds to those of each outcome.
type sums map[string]*driver.Sum

func (s sums) add(sign int64, r driver.Row) {
	sum := s[r.Outcome]
	if sum == nil {
		sum = &driver.Sum{Outcome: r.Outcome}
		s[r.Outcome] = sum
	}
	sum.Items += int(sign)
	sum.Carried += sign * counted(r.Carried)
	if r.Outcome != string(state.OutcomeSkipped) {
		sum.Bytes += sign * counted(r.Size)
	}
}

// count queues what a change adds to the session's counts. They are kept in
// several rows for each outcome, one of which each connection takes, so that
// workers seldom wait for each other. It comes last in a change and goes by
// outcome: what waits here holds nothing that another one waits for.
func (u *update) count(changes []driver.Change) {
	all := sums{}
	for _, c := range changes {
		if c.Before != nil {
			all.add(-1, *c.Before)
		}
		all.add(1, c.Row)
	}
	var outcomes []string
	var items, bytes, carried []int64
	for _, outcome := range slices.Sorted(maps.Keys(all)) {
		if s := all[outcome]; s.Items != 0 || s.Bytes != 0 || s.Carried != 0 {
			outcomes, items, bytes, carried = append(outcomes, outcome), append(items, int64(s.Items)), append(bytes, s.Bytes), append(carried, s.Carried)
		}
	}
	if len(outcomes) == 0 {
		return
	}
	u.exec(`INSERT INTO gondola.counts AS c (session, slot, outcome, items, bytes, carried)
		SELECT $1, pg_backend_pid() % 16, outcome, items, bytes, carried
		FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS new (outcome, items, bytes, carried)
		ON CONFLICT (session, slot, outcome) DO UPDATE SET
			items = c.items + excluded.items, bytes = c.bytes + excluded.bytes, carried = c.carried + excluded.carried`,
		u.num, outcomes, items, bytes, carried)
}

// rowsInto notes how many rows a statement changed.
func rowsInto(n *int64) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*n = tag.RowsAffected()
		return nil
	}
}
