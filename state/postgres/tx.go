package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state/lease"
)

// limits bound how long a call may take.
type limits struct {
	attempt  time.Duration // one attempt: a server that says nothing for so long is gone
	patience time.Duration // from the first failure to the start of the last attempt
}

func (b *db) usual() limits { return limits{30 * time.Second, b.patience} }

// do calls once until it succeeds or fails for a reason that waiting does not
// remove.
func (b *db) do(ctx context.Context, op string, once func(context.Context) error) error {
	return b.doWithin(ctx, b.usual(), op, once)
}

func (b *db) doWithin(ctx context.Context, l limits, op string, once func(context.Context) error) error {
	var final, lost error // how the last attempt failed: for good, or for now
	policy := retry.Policy{Base: 200 * time.Millisecond, Max: 10 * time.Second, Budget: l.patience, OnWait: b.onWait}
	err := b.server.Do(ctx, policy, func(ctx context.Context) error {
		if final = b.usable(ctx); final != nil {
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

// query returns what a query selects.
func query[T any](ctx context.Context, b *db, op string, scan pgx.RowToFunc[T], sql string, args ...any) (all []T, err error) {
	err = b.do(ctx, op, func(ctx context.Context) error {
		rows, err := b.pool.Query(ctx, sql, args...)
		if err == nil {
			all, err = pgx.CollectRows(rows, scan)
		}
		return err
	})
	return all, err
}

// tx is one transaction that changes the store. Statements are queued and go
// out together, the first of them with the one that begins the transaction.
type tx struct {
	b       *db
	batch   *pgx.Batch
	begun   pgx.Tx // nil until the first statements are sent
	refused error  // by the watch of a test
}

// changeSession is change for what belongs to a session: it fails if this
// backend had the session's lease and another one has taken it.
func (b *db) changeSession(ctx context.Context, session, op string, do func(context.Context, *tx) error) error {
	return b.do(ctx, op, func(ctx context.Context) error { return b.transactHeld(ctx, session, do) })
}

func (b *db) transactHeld(ctx context.Context, session string, do func(context.Context, *tx) error) error {
	if err := b.keeper.Check(ctx, session); err != nil {
		return err
	}
	token := b.keeper.Token(session)
	return b.transact(ctx, func(ctx context.Context, t *tx) error {
		if token != "" {
			t.verify(session, token)
		}
		return do(ctx, t)
	})
}

// change makes a change, again if its outcome is unknown: do has to lead to the
// same state however often it is done.
func (b *db) change(ctx context.Context, op string, do func(context.Context, *tx) error) error {
	return b.do(ctx, op, func(ctx context.Context) error { return b.transact(ctx, do) })
}

// transact makes one attempt at a change.
func (b *db) transact(ctx context.Context, do func(context.Context, *tx) error) error {
	t := &tx{b: b, batch: &pgx.Batch{}}
	t.batch.BeginTx(pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if b.lazy {
		t.queue(`SET LOCAL synchronous_commit TO on`)
	}
	defer t.rollback(ctx)
	if err := do(ctx, t); err != nil {
		return err
	}
	return t.commit(ctx)
}

// verify queues the check that the lease with this token is still there, and
// keeps others from taking it before the change is through.
func (t *tx) verify(session, token string) {
	sql := `SELECT EXISTS (SELECT FROM gondola.leases WHERE session = $1 AND token = $2 FOR SHARE)`
	t.queue(sql, session, token).QueryRow(func(row pgx.Row) error {
		var held bool
		if err := row.Scan(&held); err != nil || held {
			return err
		}
		return lease.Lost(session)
	})
}

// queue queues a statement that changes nothing.
func (t *tx) queue(sql string, args ...any) *pgx.QueuedQuery { return t.batch.Queue(sql, args...) }

// exec queues a statement that changes something.
func (t *tx) exec(sql string, args ...any) *pgx.QueuedQuery {
	t.tell(sql, args)
	return t.batch.Queue(sql, args...)
}

// send sends what is queued and hands out the results.
func (t *tx) send(ctx context.Context) error {
	if t.refused != nil || t.batch.Len() == 0 {
		return t.refused
	}
	batch := t.batch
	t.batch = &pgx.Batch{}
	if t.begun != nil {
		return t.begun.SendBatch(ctx, batch).Close()
	}
	results := t.b.pool.SendBatch(ctx, batch)
	t.begun = results.Tx()
	return results.Close()
}

func (t *tx) commit(ctx context.Context) error {
	if err := t.send(ctx); err != nil {
		return err
	}
	if t.tell("commit", nil); t.refused != nil {
		return t.refused
	}
	if err := t.begun.Commit(ctx); err != nil {
		return err
	}
	t.tell("committed", nil)
	return t.refused
}

func (t *tx) rollback(ctx context.Context) {
	if t.begun != nil {
		_ = t.begun.Rollback(ctx) // does nothing after a commit
	}
}

func (t *tx) tell(sql string, args []any) {
	if watch := t.b.watch.Load(); watch != nil && t.refused == nil {
		t.refused = (*watch)(sql, args)
	}
}
