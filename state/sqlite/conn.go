package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	sqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// statements are prepared when first used, and kept.
type statements struct {
	on interface { // a connection, or several
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.kept[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.on.PrepareContext(ctx, translate(query))
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

// query reads the answer to a question.
func (s *statements) query(ctx context.Context, query string, args []any, read func(sqlstore.Rows) error) error {
	stmt, err := s.get(ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return read(rows)
}

// into reads the first row of an answer, if there is one.
func into(found *bool, dest ...any) func(sqlstore.Rows) error {
	return func(rows sqlstore.Rows) error {
		if *found = rows.Next(); !*found || len(dest) == 0 {
			return rows.Err()
		}
		return rows.Scan(dest...)
	}
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

// query is as that of its statements, but waits for a process that has the file
// to itself, as for recovery.
func (r *reader) query(ctx context.Context, query string, args []any, read func(sqlstore.Rows) error) error {
	return patiently(ctx, func() error { return r.statements.query(ctx, query, args, read) })
}

func (r *reader) close() error {
	r.statements.close()
	return r.db.Close()
}

// patience is how long another process may keep the file to itself.
const patience = 30 * time.Second

// patiently repeats what fails because another process has the file. SQLite's own
// waiting, a tenth of a second, is deaf to contexts.
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
