package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/lease"
)

// Database runs statements. Errors of its methods are those that a driver.Store
// may return.
type Database interface {
	// Usable returns an error if the database was closed or ctx has ended.
	Usable(ctx context.Context) error
	// Query runs a statement that changes nothing. read reads the answer; it is
	// called again if an attempt fails for a passing reason.
	Query(ctx context.Context, op, sql string, args []any, read func(Rows) error) error
	// Transact runs a transaction. do is called again if an attempt fails for a
	// passing reason.
	Transact(ctx context.Context, op string, how How, do func(Tx) error) error
	// Version returns the version of the schema, 0 if there is none.
	Version(ctx context.Context) (int, error)
	// Migrate runs the script that makes a version of the schema, in one
	// transaction, unless another process has made it.
	Migrate(ctx context.Context, version int, script string) error
	// Later returns the argument of a statement that says "now() + $1::interval".
	Later(d time.Duration) any
	// Damaged returns the fault of a document that cannot be read.
	Damaged(what string, err error) error
	// Unfit returns the fault of a database that cannot be used as it is.
	Unfit(why error, hint string) error
}

// How a transaction is run. The zero How is durable and tried until it succeeds.
type How struct {
	Once     bool // it is tried once
	Unsynced bool // a crash of the machine may cost it
	Long     bool // it takes minutes
	Reads    bool // nothing of a session is changed: a question, or opening
}

// Tx is a transaction. Statements run in order, at the latest when Send is called
// or the transaction ends, which return the first error.
type Tx interface {
	Query(sql string, args []any, read func(Rows) error) // changes nothing
	Exec(sql string, args ...any)
	// PutItems stores rows of a session, whose names may be exchanged.
	PutItems(session string, changes []driver.Change)
	// Each runs a query for each value: it speaks of it as "wanted.value", and of
	// session as $1.
	Each(sql, session string, values []string, read func(Rows) error)
	Send() error
}

// Rows are the answer to a statement.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// Dialect is what a database does in its own way.
type Dialect struct {
	Schema
	Remove []string // statements that take a session ($1) away
	Append string   // adds a JSON list of entries ($2) to the journal of a session ($1)
	// Prune drops entries of a session's journal ($1), except the newest $2 at
	// least. It runs once for so many new ones.
	Prune  string
	Pruned int64
}

// Store is a driver.Store without Close, and a driver.Journal.
type Store struct {
	*lease.Keeper // by the database's clock
	db            Database
	dialect       Dialect
	outdated      atomic.Bool  // the schema is older; the next change brings it up to date
	kept          atomic.Int64 // newest entries of a journal
	appended      atomic.Int64 // entries of journals so far
}

// New returns a store of what is in db.
func New(db Database, d Dialect) *Store {
	s := &Store{db: db, dialect: d}
	s.kept.Store(state.JournalKept)
	s.Keeper = lease.NewKeeper(leases{s}, lease.DefaultTTL)
	return s
}

// Unlock gives back all locks, for ever.
func (s *Store) Unlock(ctx context.Context) error { return s.Keeper.Close(ctx) }

// KeepInJournals sets how many of the newest entries of a journal are kept.
func (s *Store) KeepInJournals(n int64) { s.kept.Store(n) }

// num is the number of the session whose id is $1.
const num = "(SELECT num FROM gondola.sessions WHERE id = $1)"

// collect returns the rows of an answer.
func collect[T any](ctx context.Context, s *Store, op, sql string, args []any, scan func(Rows) (T, error)) (all []T, err error) {
	err = s.query(ctx, op, sql, args, func(rows Rows) error {
		all = nil
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	return all, err
}

// one returns the only row of an answer, or driver.ErrNotFound.
func one[T any](ctx context.Context, s *Store, op, sql string, args []any, scan func(Rows) (T, error)) (v T, err error) {
	all, err := collect(ctx, s, op, sql, args, scan)
	if err == nil && len(all) == 0 {
		err = driver.ErrNotFound
	}
	if err == nil {
		v = all[0]
	}
	return v, err
}

// scalar scans a row of one column.
func scalar[T any](rows Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

func readOp(session string) string { return fmt.Sprintf("read session %q", session) }

// exists returns driver.ErrNotFound if there is no such session.
func (s *Store) exists(ctx context.Context, session string) error {
	_, err := one(ctx, s, readOp(session), "SELECT num FROM gondola.sessions WHERE id = $1", []any{session}, scalar[int64])
	return err
}

// empty returns driver.ErrNotFound if a session is not there, of which nothing was
// found.
func (s *Store) empty(ctx context.Context, session string, found int, err error) error {
	if err != nil || found > 0 {
		return err
	}
	return s.exists(ctx, session)
}

// Header returns a session's header.
func (s *Store) Header(ctx context.Context, id string) (driver.Header, error) {
	document, err := one(ctx, s, readOp(id), "SELECT document FROM gondola.sessions WHERE id = $1", []any{id}, scalar[[]byte])
	return driver.Header{ID: id, Document: document}, err
}

// Headers lists headers, most recently updated first. Which is settled when it
// begins, so that a session that is updated meanwhile comes once.
func (s *Store) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		ids, err := collect(ctx, s, "list sessions", "SELECT id FROM gondola.sessions WHERE id IS NOT NULL ORDER BY updated DESC, id", nil, scalar[string])
		if err != nil {
			yield(driver.Header{}, err)
			return
		}
		for _, id := range ids {
			h, err := s.Header(ctx, id)
			if errors.Is(err, driver.ErrNotFound) {
				continue // deleted meanwhile
			}
			if !yield(h, err) {
				return
			}
		}
	}
}

// Delete removes a session with its rows.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := s.exists(ctx, id); err != nil {
		return err
	}
	return s.change(ctx, fmt.Sprintf("delete session %q", id), id, How{Long: true}, func(tx Tx) error {
		for _, sql := range s.dialect.Remove {
			tx.Exec(sql, id)
		}
		return nil
	})
}
