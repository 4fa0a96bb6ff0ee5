package jsondir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// Scheme is that of the URIs that [Opener] takes: "jsondir:PATH".
const Scheme = "jsondir"

// Options adjust a backend. The zero Options are ready for use.
type Options struct {
	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // nil is time.Now
	// Existing opens only a directory that is there: nothing is created, and
	// state.ErrNotFound is wrapped by the error if it is missing.
	Existing bool
}

// Backend keeps sessions in a directory. Make one with [Open].
type Backend struct {
	*state.Store
	db *db
}

var _ state.Backend = (*Backend)(nil)

// db is the driver.
type db struct {
	driver.View
	root   *os.Root
	path   string // absolute
	log    *slog.Logger
	now    func() time.Time
	ledger ledger
	temps  atomic.Int64

	journalSize int64                       // bytes after which a journal is full
	watch       func(op, name string) error // in tests: called before each change

	mu       sync.Mutex
	sessions map[string]*session // by directory
	closed   bool
}

// Open opens the directory at path, creating it with mode 0700 if missing. It
// returns a [fault.Error] of class Session if the directory cannot be used.
func Open(path string, o Options) (*Backend, error) {
	full, err := filepath.Abs(path)
	if err == nil && path == "" {
		err = errors.New("the path is empty")
	}
	b := &db{
		path:     full,
		log:      cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		now:      o.Now,
		sessions: map[string]*session{},

		journalSize: journalSize,
	}
	if b.now == nil {
		b.now = time.Now
	}
	if err == nil {
		err = provide(full, o.Existing)
	}
	if err == nil {
		b.root, err = os.OpenRoot(full)
	}
	if err != nil {
		return nil, b.fault("open state directory", "", err)
	}
	b.View = b.view
	return &Backend{Store: state.NewStore(b, state.StoreOptions{Now: o.Now, Codec: q2google.Codec{}}), db: b}, nil
}

// provide makes the directory, unless it has to be there.
func provide(path string, existing bool) error {
	if !existing {
		return os.MkdirAll(path, dirPerm)
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no such directory", state.ErrNotFound)
	case err != nil:
		return err
	case !info.IsDir():
		return &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return nil
}

// Opener returns what opens URIs of the form "jsondir:PATH".
func Opener(o Options) state.Opener {
	return func(_ context.Context, uri string) (state.Backend, error) {
		_, path, _ := strings.Cut(uri, ":")
		if path == "" {
			return nil, fmt.Errorf("%w: the path is missing", state.ErrURI)
		}
		b, err := Open(path, o)
		if err != nil {
			return nil, err // not a nil *Backend in a Backend
		}
		return b, nil
	}
}

// Close releases the backend and the locks it holds.
func (b *db) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	var errs []error
	for _, s := range b.sessions {
		errs = append(errs, s.unlock(nil))
	}
	return errors.Join(append(errs, b.root.Close())...)
}

// session returns the session with this id, whether it is stored or not.
func (b *db) session(ctx context.Context, id string) (*session, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	dir, err := dirOf(id)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[dir]
	if s == nil {
		s = &session{b: b, dir: dir}
		b.sessions[dir] = s
	}
	return s, nil
}

func (b *db) usable(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed && ctx.Err() == nil {
		return driver.Fault("use state directory", state.ErrClosed, "")
	}
	return ctx.Err()
}
