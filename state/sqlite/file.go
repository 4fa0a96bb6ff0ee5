package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	codes "modernc.org/sqlite/lib"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/state"
)

const (
	dirPerm  = 0o700
	filePerm = 0o600
)

// What SQLite keeps beside the database.
const (
	walSuffix     = "-wal"     // changes that are not in the database yet
	sharedSuffix  = "-shm"     // memory that the processes share
	journalSuffix = "-journal" // what an interrupted transaction has to undo
)

var (
	errNoDatabase = errors.New("it is not a SQLite database")
	errForeign    = errors.New("it is a SQLite database of another program")
)

// prepareFile sees to it that the path leads to a file that is ours or empty,
// which no other user can read. It reports whether the last process to use the
// file went without closing it, or is still there.
func (b *db) prepareFile(ctx context.Context) (unclean bool, err error) {
	switch {
	case b.path == "":
		return false, errors.New("the path is empty")
	case strings.ContainsRune(b.path, 0):
		return false, errors.New("the path contains a zero byte")
	}
	if b.path, err = filepath.Abs(b.path); err != nil {
		return false, err
	}
	info, err := os.Stat(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && b.existing:
		return false, fmt.Errorf("%w: there is no such file", state.ErrNotFound)
	case errors.Is(err, fs.ErrNotExist):
		err = create(b.path)
	case err == nil && info.IsDir():
		err = errors.New("it is a directory")
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is not a regular file")
	}
	if err == nil {
		err = checkCompanions(b.path)
	}
	if err == nil {
		err = b.identify(ctx)
	}
	if err == nil && !b.existing {
		err = protect(b.path)
	}
	return size(b.path+walSuffix) > 0, err
}

// checkCompanions refuses what SQLite would block on when it opens the files
// beside a database.
func checkCompanions(path string) error {
	for _, suffix := range []string{walSuffix, sharedSuffix, journalSuffix} {
		info, err := os.Stat(path + suffix)
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s beside it is not a regular file", filepath.Base(path)+suffix)
		}
	}
	return nil
}

// create makes an empty file, and what is missing of the path to it.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), dirPerm); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process has been first
	}
	if err == nil {
		err = errors.Join(f.Chmod(filePerm), f.Close(), durable.SyncDir(filepath.Dir(path)))
	}
	return err
}

// protect takes the database from the eyes of other users: it holds upload
// tokens. SQLite gives the files beside it the database's mode.
func protect(path string) error {
	for _, suffix := range []string{"", walSuffix, sharedSuffix, journalSuffix} {
		info, err := os.Stat(path + suffix)
		if err == nil && info.Mode().Perm() != filePerm {
			err = os.Chmod(path+suffix, filePerm)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// identify returns an error unless the file is ours, or an empty one that may
// become ours. It changes nothing, unless there is an interrupted transaction to be
// undone. SQLite reads the header: to close the file in another way would take from
// this process the locks that it has on it.
func (b *db) identify(ctx context.Context) error {
	id, changes, err := b.header(ctx, "&immutable=1")
	if size(b.path+journalSuffix) > 0 || err != nil && code(err) != codes.SQLITE_NOTADB {
		id, changes, err = b.header(ctx, "") // when no other process is making it
	}
	switch {
	case code(err) == codes.SQLITE_NOTADB:
		return errNoDatabase
	case err != nil || id == applicationID:
		return err
	case changes > 0:
		return errForeign
	case b.existing:
		return fmt.Errorf("%w: it is empty", state.ErrNotFound)
	}
	return nil
}

// header says whose a file is, and how often its schema was changed.
func (b *db) header(ctx context.Context, how string) (id, changes int, err error) {
	err = patiently(ctx, func() error {
		p := openPool(sourceName(b.path, "query_only(1)")+how, 1)
		err := p.query(ctx, "PRAGMA schema_version", nil, into(new(bool), &changes))
		if err == nil { // in this order: a new file gets both at the same moment
			err = p.query(ctx, "PRAGMA application_id", nil, into(new(bool), &id))
		}
		return errors.Join(err, p.close())
	})
	return id, changes, err
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// sourceName returns the URI by which SQLite opens an existing file, and sets
// the pragmas on each connection.
func sourceName(path string, pragmas ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // that of a Windows drive
	}
	query := url.Values{"mode": {"rw"}, "_dqs": {"0"}, "_pragma": append(pragmas,
		"busy_timeout(100)", // see patiently
		"trusted_schema(0)", "cell_size_check(1)", "foreign_keys(1)")}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}
