package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	sqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// row is one row of an answer.
type row interface{ Scan(dest ...any) error }

// preparer is a connection, or several.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements are prepared when first used, and kept.
type statements struct {
	on   preparer
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.kept[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if s.kept == nil {
		s.kept = map[string]*sql.Stmt{}
	}
	s.kept[query] = stmt
	return stmt, nil
}

// close gives up all statements: SQLite does not close a connection that has any.
func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.kept {
		_ = stmt.Close()
	}
	s.kept = nil
}

// each shows every row of the answer.
func (s *statements) each(ctx context.Context, query string, args []any, show func(row) error) error {
	stmt, err := s.get(ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := show(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// reader answers questions from what has been committed, several at a time.
type reader struct {
	db *sql.DB
	statements
}

// readers is how many questions are answered at a time.
const readers = 4

func newReader(path string) *reader {
	db := openDB(sourceName(path, "query_only(1)", "cache_size(-1024)"))
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	return &reader{db: db, statements: statements{on: db}}
}

func openDB(name string) *sql.DB {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		panic(err) // the driver is linked in, and opens nothing yet
	}
	return db
}

// each is as that of its statements, but waits for a process that has the file
// to itself, as for recovery.
func (r *reader) each(ctx context.Context, query string, args []any, show func(row) error) error {
	return patiently(ctx, func() error { return r.statements.each(ctx, query, args, show) })
}

func (r *reader) close() error {
	r.statements.close()
	return r.db.Close()
}

// patience is how long another process may keep the file to itself.
const patience = 30 * time.Second

// patiently repeats what fails because another process has the file. Such a
// failure comes before any row. SQLite's own waiting, a tenth of a second, is
// deaf to contexts.
func patiently(ctx context.Context, do func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := do()
		if c := code(err); c != codes.SQLITE_BUSY && c != codes.SQLITE_PROTOCOL || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// code returns SQLite's primary result code, or 0 for another error.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// read shows every row of the answer to a question.
func (b *db) read(ctx context.Context, op, query string, args []any, show func(row) error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if err := b.usable(ctx); err != nil {
		return err
	}
	return b.fault(ctx, op, b.reads.each(ctx, query, args, show))
}

// usable returns an error if the backend or ctx has ended. Call with mu held.
func (b *db) usable(ctx context.Context) error {
	if b.closed {
		return errClosed()
	}
	return ctx.Err()
}

// write runs one transaction on a schema that is up to date: all of it is durable
// when write returns nil, and nothing of it is done otherwise.
func (b *db) write(ctx context.Context, op string, do func(*tx) error) error {
	if err := b.update(ctx); err != nil {
		return err
	}
	return b.transact(ctx, op, do)
}

// writeUnsynced is write for what a power cut may cost: the disk is not waited
// for.
func (b *db) writeUnsynced(ctx context.Context, op string, do func(*tx) error) error {
	if err := b.update(ctx); err != nil {
		return err
	}
	return b.using(ctx, op, func() error { return b.writes.transactUnsynced(ctx, do) })
}

// transact is write on whatever schema there is.
func (b *db) transact(ctx context.Context, op string, do func(*tx) error) error {
	return b.using(ctx, op, func() error { return b.writes.transact(ctx, do) })
}

// using runs a change while the backend is open.
func (b *db) using(ctx context.Context, op string, change func() error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if err := b.usable(ctx); err != nil {
		return err
	}
	return b.fault(ctx, op, change())
}

// outside runs a statement that cannot be part of a transaction.
func (b *db) outside(ctx context.Context, query string, show func(row) error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if err := b.usable(ctx); err != nil {
		return err
	}
	return b.fault(ctx, "set up", b.writes.outside(ctx, query, show))
}
