package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// writer is the one connection that changes the database. Its statements run to
// their end even if the caller's context ends meanwhile: they are short, and an
// interrupted one would cost the connection.
type writer struct {
	*pool
	turn  chan struct{}          // holds a value while what follows is in use
	conn  *sql.Conn              // nil until needed
	watch func(sql string) error // in tests: called before each change
}

func newWriter(path string) *writer {
	return &writer{turn: make(chan struct{}, 1), pool: openPool(sourceName(path,
		"auto_vacuum(INCREMENTAL)",                                     // of a new file
		"synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)", // durable when committed
		"journal_size_limit(16777216)", "cache_size(-4096)"), 1)}
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
	w.on = w.conn
	if err != nil {
		w.release()
	}
	return err
}

func (w *writer) release() { <-w.turn }

// drop closes the connection, so that the next user gets a new one.
func (w *writer) drop() {
	w.forget()
	_ = w.conn.Raw(func(any) error { return sqldriver.ErrBadConn })
	w.conn = nil
}

func (w *writer) close() error {
	if w.conn != nil {
		w.forget()
		_ = w.conn.Close()
	}
	return w.pool.close()
}

// transact runs one transaction. One that is unsynced is on the disk at the latest
// when the next one that is not is.
func (w *writer) transact(ctx context.Context, unsynced bool, do func(sqlstore.Tx) error) error {
	if err := w.acquire(ctx); err != nil {
		return err
	}
	defer w.release()
	if unsynced {
		if err := w.exec("PRAGMA synchronous = NORMAL"); err != nil {
			return err
		}
		defer func() {
			if w.conn != nil && w.exec("PRAGMA synchronous = FULL") != nil {
				w.drop()
			}
		}()
	}
	return w.commit(ctx, do)
}

// commit runs one transaction on the connection that has been acquired. It waits for
// other processes only to begin. With a write-ahead log EXCLUSIVE is as IMMEDIATE;
// before there is one, the latter would have COMMIT fail while another process reads.
func (w *writer) commit(ctx context.Context, do func(sqlstore.Tx) error) error {
	if err := patiently(ctx, func() error { return w.exec("BEGIN EXCLUSIVE") }); err != nil {
		return err
	}
	t := &tx{w: w}
	err := do(t)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		t.Exec("COMMIT")
		err = t.err
	}
	if err != nil && w.exec("ROLLBACK") != nil {
		w.drop() // SQLite has rolled back by itself, or cannot
	}
	return err
}

// tx is a transaction under way. After an error its statements do nothing.
type tx struct {
	w   *writer
	err error
}

var _ sqlstore.Tx = (*tx)(nil)

// Send returns the first error: statements run at once.
func (t *tx) Send() error { return t.err }

// Query reads the answer to a question.
func (t *tx) Query(query string, args []any, read func(sqlstore.Rows) error) {
	if t.err == nil {
		t.err = t.w.query(context.Background(), query, args, read)
	}
}

// Exec changes something.
func (t *tx) Exec(query string, args ...any) {
	t.do(query, func() error { return t.w.exec(query, args...) })
}

// script runs several statements, once.
func (t *tx) script(text string) {
	t.do(text, func() error {
		_, err := t.w.conn.ExecContext(context.Background(), text)
		return err
	})
}

// do makes a change.
func (t *tx) do(query string, change func() error) {
	if t.err == nil && t.w.watch != nil {
		t.err = t.w.watch(query)
	}
	if t.err == nil {
		t.err = change()
	}
}

const (
	putItem = `INSERT INTO items AS stored (session, seq, identity, name, awaits, outcome, captured, size, carried, document)
		VALUES ((SELECT num FROM sessions WHERE id = ?1), ?2, nullif(?3, ''), ?4, ?5, ?6, ?7, ?8, ?9, ?10)
		ON CONFLICT (session, seq) DO UPDATE SET identity = excluded.identity, name = excluded.name, awaits = excluded.awaits,
			outcome = excluded.outcome, captured = excluded.captured, size = excluded.size, carried = excluded.carried, document = excluded.document
		WHERE stored.document <> excluded.document`
	putProgress = `UPDATE items SET size = ?3, carried = ?4, document = ?5
		WHERE session = (SELECT num FROM sessions WHERE id = ?1) AND seq = ?2 AND document <> ?5`
	removeItem = "DELETE FROM items WHERE session = (SELECT num FROM sessions WHERE id = ?1) AND seq = ?2"
)

// PutItems stores rows, one after the other. One whose name another one takes is
// removed first. Of one that all indexes find as before, none is written.
func (t *tx) PutItems(session string, changes []driver.Change) {
	names := map[string]bool{}
	for _, c := range changes {
		names[c.Name] = true
	}
	for _, c := range changes {
		if c.Before != nil && c.Before.Name != c.Name && names[c.Before.Name] {
			t.Exec(removeItem, session, c.Seq)
		}
	}
	for _, c := range changes {
		if found(c) {
			t.Exec(putProgress, session, c.Seq, c.Size, c.Carried, string(c.Document))
		} else {
			t.Exec(putItem, session, c.Seq, c.Key, c.Name, c.Next, c.Outcome, c.Captured, c.Size, c.Carried, string(c.Document))
		}
	}
}

// found reports whether all indexes find a row as before.
func found(c driver.Change) bool {
	b := c.Before
	return b != nil && b.Key == c.Key && b.Name == c.Name && b.Next == c.Next && b.Outcome == c.Outcome && b.Captured == c.Captured
}

// Each runs a query for each value.
func (t *tx) Each(query, session string, values []string, read func(sqlstore.Rows) error) {
	query = strings.ReplaceAll(query, "wanted.value", "?2")
	for _, v := range values {
		t.Query(query, []any{session, v}, read)
	}
}
