package postgres

import (
	"context"
	"fmt"
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

// limits bound how long a call may take.
type limits struct {
	attempt  time.Duration // one attempt: a server that says nothing for so long is gone
	patience time.Duration // from the first failure to the start of the last attempt
}

const (
	usualAttempt = 30 * time.Second
	longAttempt  = 10 * time.Minute // to delete a million items
)

// Later returns an interval: the server's clock counts.
func (b *db) Later(d time.Duration) any { return d }

// do calls once until it succeeds or fails for a reason that waiting does not
// remove.
func (b *db) do(ctx context.Context, op string, l limits, once func(context.Context) error) error {
	var final, lost error // how the last attempt failed: for good, or for now
	policy := retry.Policy{Base: 200 * time.Millisecond, Max: 10 * time.Second, Budget: l.patience, OnWait: b.onWait}
	err := b.server.Do(ctx, policy, func(ctx context.Context) error {
		if final = b.Usable(ctx); final != nil {
			return nil
		}
		attempt, cancel := context.WithTimeout(ctx, l.attempt)
		defer cancel()
		err := once(attempt)
		if err == nil || ctx.Err() != nil || !transient(err) {
			final = err
			return nil
		}
		lost = plain(err)
		b.log.Debug("the database is waited for", "op", op, "error", lost)
		return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: op + " in " + b.where, Err: lost}
	})
	switch {
	case err == nil && final == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return b.unreachable(op, lost)
	}
	return b.fault(op, final)
}

// doOnce makes one attempt.
func (b *db) doOnce(ctx context.Context, op string, once func(context.Context) error) error {
	if err := b.Usable(ctx); err != nil {
		return err
	}
	attempt, cancel := context.WithTimeout(ctx, usualAttempt)
	defer cancel()
	err := once(attempt)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return b.fault(op, err)
}

// Query reads the answer to a question. What the database cannot hold is not there.
func (b *db) Query(ctx context.Context, op, sql string, args []any, read func(sqlstore.Rows) error) error {
	return b.do(ctx, op, limits{usualAttempt, b.patience}, func(ctx context.Context) error {
		sql, err := b.older(ctx, sql)
		if err != nil {
			return err
		}
		if !storableAll(args) {
			return driver.ErrNotFound
		}
		rows, err := b.pool.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		return read(rows)
	})
}

// Change makes a change, again if its outcome is unknown: do has to lead to the
// same state however often it is done.
func (b *db) Change(ctx context.Context, op string, how sqlstore.How, do func(sqlstore.Tx) error) error {
	once := func(ctx context.Context) error {
		if err := b.upgrade(ctx); err != nil {
			return err
		}
		return b.transact(ctx, how, do)
	}
	if how.Once {
		return b.doOnce(ctx, op, once)
	}
	l := limits{usualAttempt, b.patience}
	if how.Long {
		l.attempt = longAttempt
	}
	return b.do(ctx, op, l, once)
}

// transact makes one attempt at a change.
func (b *db) transact(ctx context.Context, how sqlstore.How, do func(sqlstore.Tx) error) error {
	t := &tx{b: b, ctx: ctx, batch: &pgx.Batch{}}
	t.batch.BeginTx(pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
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

// Put queues one statement that stores all rows.
func (t *tx) Put(table sqlstore.Table, session string, rows ...[]any) {
	if len(rows) == 0 {
		return
	}
	var args []any
	var arrays, names []string
	if table.Session {
		args = append(args, session)
	}
	for n, c := range table.Columns() {
		array, kind := column(rows, n)
		args = append(args, array)
		arrays, names = append(arrays, fmt.Sprintf("$%d::%s[]", len(args), kind)), append(names, c.Name)
	}
	values := table.Select(func(_ int, c sqlstore.Column) string { return "new." + c.Name })
	t.Exec(table.Insert(fmt.Sprintf("SELECT %s FROM unnest(%s) AS new (%s)", values, strings.Join(arrays, ", "), strings.Join(names, ", "))), args...)
}

// column returns the nth value of each row, and their type.
func column(rows [][]any, n int) (array any, kind string) {
	var numbers []int64
	var texts []string
	for _, row := range rows {
		switch v := row[n].(type) {
		case int64:
			numbers = append(numbers, v)
		case string:
			texts = append(texts, v)
		}
	}
	if numbers != nil {
		return numbers, "bigint"
	}
	return texts, "text"
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
