package postgres

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// How long one attempt may take: a server that says nothing for so long is gone.
const (
	usualAttempt = 30 * time.Second
	longAttempt  = 10 * time.Minute // to delete a million items
)

// Later returns an interval: the server's clock counts.
func (b *db) Later(d time.Duration) any { return d }

// do calls once until it succeeds or fails for a reason that waiting does not
// remove.
func (b *db) do(ctx context.Context, op string, how sqlstore.How, once func(context.Context) error) error {
	var failed error // the last attempt
	try := func(ctx context.Context) error {
		failed = b.attempt(ctx, how, once)
		if failed == nil || ctx.Err() != nil || !transient(failed) {
			return nil
		}
		b.log.Debug("the database is waited for", "op", op, "error", plain(failed))
		return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: op + " in " + b.where, Err: plain(failed)}
	}
	var waited error // in vain
	if how.Once {
		_ = try(ctx)
	} else {
		waited = b.server.Do(ctx, retry.Policy{Base: 200 * time.Millisecond, Max: 10 * time.Second, Budget: b.patience, OnWait: b.onWait}, try)
	}
	switch {
	case failed != nil && ctx.Err() != nil:
		return ctx.Err()
	case waited != nil:
		return b.unreachable(op, how, plain(failed))
	}
	return b.fault(op, failed)
}

func (b *db) attempt(ctx context.Context, how sqlstore.How, once func(context.Context) error) error {
	if err := b.Usable(ctx); err != nil {
		return err
	}
	limit := usualAttempt
	if how.Long {
		limit = longAttempt
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return once(ctx)
}

// byIndex has the planner read rows in the order of an index, instead of sorting
// all that there are: it has no idea of how many there are in a session that has
// just been filled.
const byIndex = "SELECT set_config('enable_sort', 'off', true)"

// Query reads the answer to a question. What the database cannot hold is not there.
func (b *db) Query(ctx context.Context, op, sql string, args []any, read func(sqlstore.Rows) error) error {
	return b.do(ctx, op, sqlstore.How{Reads: true}, func(ctx context.Context) error {
		if !storableAll(args) {
			return driver.ErrNotFound
		}
		batch := &pgx.Batch{} // is one transaction
		batch.Queue(byIndex)
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) error { return read(rows) })
		return b.pool.SendBatch(ctx, batch).Close()
	})
}

// Transact makes a change, again if its outcome is unknown: do has to lead to the
// same state however often it is done.
func (b *db) Transact(ctx context.Context, op string, how sqlstore.How, do func(sqlstore.Tx) error) error {
	return b.do(ctx, op, how, func(ctx context.Context) error { return b.transact(ctx, how, do) })
}

// changing is how a transaction is begun that changes something.
var changing = pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}

// transact makes one attempt at a change.
func (b *db) transact(ctx context.Context, how sqlstore.How, do func(sqlstore.Tx) error) error {
	t := &tx{b: b, ctx: ctx, batch: &pgx.Batch{}}
	t.batch.BeginTx(changing)
	switch {
	case how.Unsynced:
		t.batch.Queue("SET LOCAL synchronous_commit TO off")
	case b.lazy:
		t.batch.Queue("SET LOCAL synchronous_commit TO on")
	}
	defer t.rollback()
	if err := do(t); err != nil {
		return err
	}
	return t.commit()
}

// tx is one transaction that changes the store. Statements are queued and go
// out together, the first of them with the one that begins the transaction.
type tx struct {
	b       *db
	ctx     context.Context
	batch   *pgx.Batch
	begun   pgx.Tx // nil until the first statements are sent
	refused error  // by the watch of a test, or because of what cannot be stored
}

var _ sqlstore.Tx = (*tx)(nil)

// Query queues a statement that changes nothing.
func (t *tx) Query(sql string, args []any, read func(sqlstore.Rows) error) {
	if !storableAll(args) && t.refused == nil {
		t.refused = driver.ErrNotFound
	}
	t.batch.Queue(sql, args...).Query(func(rows pgx.Rows) error { return read(rows) })
}

// Exec queues a statement that changes something.
func (t *tx) Exec(sql string, args ...any) {
	t.tell(sql, args)
	t.batch.Queue(sql, args...)
}

// putItems stores rows. Which have which name is looked at when the transaction
// ends.
const putItems = `INSERT INTO gondola.items AS stored (session, seq, identity, name, awaits, outcome, captured, size, carried, document)
	SELECT (SELECT num FROM gondola.sessions WHERE id = $1), seq, nullif(identity, ''), name, awaits, outcome, captured, size, carried, document::json
	FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::text[])
		AS new (seq, identity, name, awaits, outcome, captured, size, carried, document)
	ON CONFLICT (session, seq) DO UPDATE SET identity = excluded.identity, name = excluded.name, awaits = excluded.awaits,
		outcome = excluded.outcome, captured = excluded.captured, size = excluded.size, carried = excluded.carried, document = excluded.document
	WHERE stored.document::text <> excluded.document::text`

// PutItems queues one statement that stores all rows.
func (t *tx) PutItems(session string, changes []driver.Change) {
	if len(changes) == 0 {
		return
	}
	var seqs, sizes, carried []int64
	var keys, names, awaits, outcomes, captured, documents []string
	for _, c := range changes {
		seqs, sizes, carried = append(seqs, c.Seq), append(sizes, c.Size), append(carried, c.Carried)
		keys, names, awaits = append(keys, c.Key), append(names, c.Name), append(awaits, c.Next)
		outcomes, captured, documents = append(outcomes, c.Outcome), append(captured, c.Captured), append(documents, string(c.Document))
	}
	t.Exec(putItems, session, seqs, keys, names, awaits, outcomes, captured, sizes, carried, documents)
}

// Each queues one statement for all values. Each row is looked up by its own key,
// whatever the planner believes of how many rows a session has: it may never have
// seen this one.
func (t *tx) Each(sql, session string, values []string, read func(sqlstore.Rows) error) {
	t.Query("SELECT found.* FROM unnest($2::text[]) AS wanted (value) CROSS JOIN LATERAL ("+sql+") AS found", []any{session, values}, read)
}

// Send sends what is queued and hands out the results.
func (t *tx) Send() error {
	if t.refused != nil || t.batch.Len() == 0 {
		return t.refused
	}
	batch := t.batch
	t.batch = &pgx.Batch{}
	if t.begun != nil {
		return t.begun.SendBatch(t.ctx, batch).Close()
	}
	results := t.b.pool.SendBatch(t.ctx, batch)
	t.begun = results.Tx()
	return results.Close()
}

func (t *tx) commit() error {
	if err := t.Send(); err != nil {
		return err
	}
	if t.tell("commit", nil); t.refused != nil {
		return t.refused
	}
	if err := t.begun.Commit(t.ctx); err != nil {
		return err
	}
	t.tell("committed", nil)
	return t.refused
}

func (t *tx) rollback() {
	if t.begun != nil {
		_ = t.begun.Rollback(t.ctx) // does nothing after a commit
	}
}

func (t *tx) tell(sql string, args []any) {
	if watch := t.b.watch.Load(); watch != nil && t.refused == nil {
		t.refused = (*watch)(sql, args)
	}
}

// storable reports whether the database can hold a text.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func storableAll(args []any) bool {
	return !slices.ContainsFunc(args, func(arg any) bool {
		text, ok := arg.(string)
		return ok && !storable(text)
	})
}
