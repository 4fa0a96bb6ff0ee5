package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// Scheme and SchemeAlias are those of the URIs that [Opener] takes.
const (
	Scheme      = "postgres"
	SchemeAlias = "postgresql"
)

// DefaultPatience is how long a server that has gone away is waited for.
const DefaultPatience = 2 * time.Minute

// Options adjust a backend. The zero Options are ready for use.
type Options struct {
	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // when a session was updated; nil is time.Now

	// Existing opens only a database that has the schema: nothing is made, and an
	// older schema is migrated by the first change only. The error wraps
	// state.ErrNotFound if it is missing.
	Existing bool
	// OwnCredentials refuses a URI that another place would give its password:
	// the environment, the password file or a service file. It is for a URI from
	// a place that is trusted less than those. The error wraps state.ErrURI.
	OwnCredentials bool
	// Patience is how long a call goes on trying to reach a server that has gone
	// away; 0 is DefaultPatience. After that, calls try once until it answers.
	Patience time.Duration
	// OnWait, if not nil, is called before every wait longer than a second, by
	// the goroutine that waits; several may wait at once.
	OnWait func(fault.Wait)
}

// Backend keeps sessions in a database. Make one with [Open].
type Backend struct {
	*state.Store
	db *db
}

var _ state.Backend = (*Backend)(nil)

// db is the driver.
type db struct {
	*sqlstore.Store
	pool     *pgxpool.Pool
	where    string // server and database, for messages
	version  string // of the server
	log      *slog.Logger
	patience time.Duration
	onWait   func(fault.Wait)
	lazy     bool // the role's transactions are durable only some time after their commit
	closing  sync.Once
	closed   atomic.Bool
	server   retry.Server

	// watch, in tests, is called with each changing statement, of "commit" before
	// it and of "committed" after it, and may refuse.
	watch atomic.Pointer[func(sql string, args []any) error]
}

// Open connects to the database that a URI of the form
// "postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full" names and
// makes or migrates the schema if need be. The URI takes every option that libpq
// and pgx know; what it leaves out comes from the environment (PGPASSWORD, the
// password file) as for them. It fails within seconds if the server does not
// answer.
//
// Two defaults differ: a connection to another machine is refused if it cannot
// be encrypted, unless an sslmode is given; and statements are not prepared by
// name, so that any pooler will do, unless a default_query_exec_mode is given.
//
// Errors are [fault.Error]s of class Session and hold no credentials. That
// of a URI which makes no sense wraps [state.ErrURI].
func Open(ctx context.Context, uri string, o Options) (*Backend, error) {
	config, err := configure(uri)
	if err == nil && o.OwnCredentials {
		err = checkOwnPassword(uri, config)
	}
	if err != nil {
		return nil, err
	}
	b := &db{
		where:    placeOf(config),
		log:      cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		patience: 3 * time.Second, // for a server that is just about to answer
		onWait:   o.OnWait,
	}
	if b.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, b.fault("open sessions", err)
	}
	b.Store = sqlstore.New(b, dialect)
	if err := b.prepare(ctx, o.Existing); err != nil {
		b.pool.Close()
		return nil, err
	}
	b.patience = cmp.Or(o.Patience, DefaultPatience)
	return &Backend{Store: state.NewStore(b, state.StoreOptions{Now: o.Now}), db: b}, nil
}

// Describe says what the store is, such as `PostgreSQL 15.18, database "x" at
// localhost:5432, schema version 1`.
func (b *Backend) Describe(context.Context) (string, error) {
	return fmt.Sprintf("PostgreSQL %s, %s, schema version %d", b.db.version, b.db.where, newest), nil
}

// Opener returns what opens URIs of both schemes.
func Opener(o Options) state.Opener {
	return func(ctx context.Context, uri string) (state.Backend, error) {
		b, err := Open(ctx, uri, o)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
}

// Close gives back the leases and closes the connections, once the statements
// that are under way are through.
func (b *db) Close() (err error) {
	b.closing.Do(func() {
		err = b.Unlock(context.Background())
		b.closed.Store(true)
		b.pool.Close()
	})
	return err
}

// Usable returns an error if the database was closed or ctx has ended.
func (b *db) Usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.closed.Load() {
		return b.fault("use", state.ErrClosed)
	}
	return nil
}

// CheckName returns why an item cannot have this name.
func (b *db) CheckName(name string) error {
	if !storable(name) {
		return errText
	}
	return nil
}

// Fold returns the name: only equal ones collide.
func (b *db) Fold(name string) string { return name }

var errText = errors.New("PostgreSQL keeps no NUL byte and only valid UTF-8 in its texts")
