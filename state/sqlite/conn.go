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

// pool is connections to the file, and statements that are prepared when first
// used, and kept.
type pool struct {
	db *sql.DB
	on interface { // all connections, or one
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

// openPool opens connections as they are needed.
func openPool(name string, connections int) *pool {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		panic(err) // the driver is linked in, and opens nothing yet
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return &pool{db: db, on: db, kept: map[string]*sql.Stmt{}}
}

func (p *pool) close() error {
	p.forget()
	return p.db.Close()
}

func (p *pool) get(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.kept[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := p.on.PrepareContext(ctx, translate(query))
	if err == nil {
		p.kept[query] = stmt
	}
	return stmt, err
}

// forget gives up all statements: SQLite does not close a connection that has any.
func (p *pool) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stmt := range p.kept {
		_ = stmt.Close()
	}
	clear(p.kept)
}

// query reads the answer to a question.
func (p *pool) query(ctx context.Context, query string, args []any, read func(sqlstore.Rows) error) error {
	stmt, err := p.get(ctx, query)
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

// exec runs a statement to its end.
func (p *pool) exec(query string, args ...any) error {
	stmt, err := p.get(context.Background(), query)
	if err == nil {
		_, err = stmt.Exec(args...)
	}
	return err
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
