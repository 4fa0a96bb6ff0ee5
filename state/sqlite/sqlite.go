package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// Scheme is that of the URIs that [Opener] takes: "sqlite:PATH".
const Scheme = "sqlite"

// Options adjust a backend. The zero Options are ready for use.
type Options struct {
	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // nil is time.Now
	// Existing opens only a database that is there: nothing is created, and an
	// older schema is brought up to date by the first change only. The error
	// wraps state.ErrNotFound if it is missing or empty.
	Existing bool
}

// Backend keeps sessions in a SQLite database. Make one with [Open].
type Backend struct {
	*state.Store
	db *db
}

var _ state.Backend = (*Backend)(nil)

// db is the driver.
type db struct {
	*sqlstore.Store
	path     string // absolute
	log      *slog.Logger
	existing bool
	reads    *pool // of what has been committed
	writes   *writer

	mu     sync.RWMutex // read-locked while the database is used
	closed bool
}

// Open opens the database at path, creating it with mode 0600 if missing, and
// its directory with mode 0700. After the machine went down in the midst of
// work it reads the whole database once to see that it is sound. Open returns a
// [fault.Error] of class Session if the path is no database of Gondola's, or
// one of a newer Gondola's; such a file is left as it is.
func Open(ctx context.Context, path string, o Options) (*Backend, error) {
	b := &db{
		path:     path,
		log:      cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		existing: o.Existing,
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	unclean, err := b.prepareFile(ctx)
	if err != nil {
		return nil, b.fault(ctx, "open state database", err)
	}
	b.reads = openPool(sourceName(b.path, "query_only(1)", "cache_size(-1024)"), 4)
	b.writes = newWriter(b.path)
	b.Store = sqlstore.New(b, dialect)
	err = b.start(ctx, unclean)
	if err != nil {
		b.Close()
		return nil, err
	}
	return &Backend{Store: state.NewStore(b, state.StoreOptions{Now: o.Now}), db: b}, nil
}

// Check reads the whole database, some seconds for each million of items, and
// returns a [fault.Error] that names the first damages.
func (b *Backend) Check(ctx context.Context) error {
	return b.db.sound(ctx, "PRAGMA integrity_check(3)")
}

// start makes a file that is ours, or empty, ready for use.
func (b *db) start(ctx context.Context, unclean bool) error {
	err := b.Prepare(ctx, b.existing)
	if errors.Is(err, driver.ErrNotFound) {
		return b.withoutSchema(ctx)
	}
	if err != nil || b.existing {
		return err
	}
	if err := b.useWAL(ctx); err != nil {
		return err
	}
	return b.checkAfterOutage(ctx, unclean)
}

// Opener returns what opens URIs of the form "sqlite:PATH".
func Opener(o Options) state.Opener {
	return func(ctx context.Context, uri string) (state.Backend, error) {
		_, path, _ := strings.Cut(uri, ":")
		if path == "" {
			return nil, fmt.Errorf("%w: the path is missing", state.ErrURI)
		}
		b, err := Open(ctx, path, o)
		if err != nil {
			return nil, err // not a nil *Backend in a Backend
		}
		return b, nil
	}
}

// Close gives the sessions free that are still locked and closes the database,
// after the calls that are under way.
func (b *db) Close() error {
	err := b.Unlock(context.Background())
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	return b.fault(context.Background(), "close state database", errors.Join(err, b.reads.close(), b.writes.close()))
}
