package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// writer is the one connection that changes the database. Its statements run to
// their end even if the caller's context ends meanwhile: they are short, and an
// interrupted one would cost the connection.
type writer struct {
	db   *sql.DB
	turn chan struct{} // holds a value while somebody uses what follows

	conn *sql.Conn // nil until needed
	statements
	watch func(sql string) error // in tests: told of each change beforehand
}

func newWriter(path string) *writer {
	db := openDB(sourceName(path,
		"synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)", // durable when committed
		"journal_size_limit(16777216)", "cache_size(-4096)"))
	db.SetMaxOpenConns(1)
	return &writer{db: db, turn: make(chan struct{}, 1)}
}

// acquire waits for the connection. Call release afterwards.
func (w *writer) acquire(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if w.conn != nil {
		return nil
	}
	err := patiently(ctx, func() (err error) {
		w.conn, err = w.db.Conn(context.WithoutCancel(ctx))
		return err
	})
	w.statements.on = w.conn
	if err != nil {
		w.release()
	}
	return err
}

func (w *writer) release() { <-w.turn }

// drop closes the connection, so that the next user gets a new one.
func (w *writer) drop() {
	w.statements.close()
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn = nil
}

func (w *writer) close() error {
	w.statements.close()
	if w.conn != nil {
		_ = w.conn.Close()
	}
	return w.db.Close()
}

// transact runs one transaction.
func (w *writer) transact(ctx context.Context, do func(*tx) error) error {
	if err := w.acquire(ctx); err != nil {
		return err
	}
	defer w.release()
	return w.commit(ctx, do)
}

// transactUnsynced runs one transaction that is on the disk at the latest when
// the next one of transact is.
func (w *writer) transactUnsynced(ctx context.Context, do func(*tx) error) error {
	if err := w.acquire(ctx); err != nil {
		return err
	}
	defer w.release()
	if _, err := w.conn.ExecContext(context.Background(), "PRAGMA synchronous = NORMAL"); err != nil {
		return err
	}
	defer func() {
		if w.conn == nil {
			return // it has been dropped
		}
		if _, err := w.conn.ExecContext(context.Background(), "PRAGMA synchronous = FULL"); err != nil {
			w.drop()
		}
	}()
	return w.commit(ctx, do)
}

// commit runs one transaction on the connection that has been acquired.
func (w *writer) commit(ctx context.Context, do func(*tx) error) error {
	t := &tx{w}
	if err := patiently(ctx, func() error { return t.run("BEGIN IMMEDIATE") }); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed && t.run("ROLLBACK") != nil {
			w.drop() // SQLite has rolled back by itself, or cannot
		}
	}()
	err := do(t)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = t.exec("COMMIT")
	}
	committed = err == nil
	return err
}

// outside shows the rows of a statement that cannot run in a transaction.
func (w *writer) outside(ctx context.Context, query string, show func(row) error) error {
	if err := w.acquire(ctx); err != nil {
		return err
	}
	defer w.release()
	return patiently(ctx, func() error { return w.each(context.WithoutCancel(ctx), query, nil, show) })
}

// tx is a transaction under way.
type tx struct{ w *writer }

// exec changes something.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change changes something and returns how many rows.
func (t *tx) change(query string, args ...any) (int64, error) {
	if err := t.announce(query); err != nil {
		return 0, err
	}
	stmt, err := t.w.get(context.Background(), query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) announce(sql string) error {
	if t.w.watch == nil {
		return nil
	}
	return t.w.watch(sql)
}

// run starts or ends the transaction.
func (t *tx) run(query string) error {
	stmt, err := t.w.get(context.Background(), query)
	if err == nil {
		_, err = stmt.Exec()
	}
	return err
}

// script runs several statements, once.
func (t *tx) script(text string) error {
	if err := t.announce(text); err != nil {
		return err
	}
	_, err := t.w.conn.ExecContext(context.Background(), text)
	return err
}

// row reads the first row of an answer and reports whether there is one.
func (t *tx) row(query string, args []any, dest ...any) (bool, error) {
	stmt, err := t.w.get(context.Background(), query)
	if err == nil {
		err = stmt.QueryRow(args...).Scan(dest...)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each shows every row of an answer.
func (t *tx) each(query string, args []any, show func(row) error) error {
	return t.w.each(context.Background(), query, args, show)
}
