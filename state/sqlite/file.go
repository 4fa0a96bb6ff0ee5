package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
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
	errNoDatabase = errors.New("it is no SQLite database")
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
		err = errors.New("it is no regular file")
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
			return fmt.Errorf("%s beside it is no regular file", filepath.Base(path)+suffix)
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
// become ours. A file of another program is only read.
func (b *db) identify(ctx context.Context) error {
	empty, err := identify(b.path)
	if err != nil && size(b.path+journalSuffix) > 0 {
		// Perhaps the making of the file was interrupted, which SQLite undoes.
		if err := recoverJournal(ctx, b.path); err != nil {
			return err
		}
		empty, err = identify(b.path)
	}
	if empty && b.existing {
		return fmt.Errorf("%w: it is empty", state.ErrNotFound)
	}
	return err
}

// headerSize is that of the header of every SQLite database, in bytes.
const headerSize = 100

func identify(path string) (empty bool, err error) {
	f, err := regular.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headerSize))
	if err != nil {
		return false, err
	}
	return checkHeader(head)
}

// checkHeader returns errNoDatabase or errForeign unless head is the beginning
// of a database that is ours, or of one that nothing has been put into yet.
func checkHeader(head []byte) (empty bool, err error) {
	const magic = "SQLite format 3\x00"
	const cookieAt, idAt = 40, 68 // how often the schema was changed; whose file it is
	switch {
	case len(head) == 0:
		return true, nil
	case len(head) < headerSize || string(head[:len(magic)]) != magic:
		return false, errNoDatabase
	case binary.BigEndian.Uint32(head[idAt:]) == applicationID:
		return false, nil
	case binary.BigEndian.Uint32(head[cookieAt:]) == 0:
		return true, nil
	}
	return false, errForeign
}

func recoverJournal(ctx context.Context, path string) error {
	r := newReader(path)
	err := r.query(ctx, "PRAGMA schema_version", nil, func(sqlstore.Rows) error { return nil })
	return errors.Join(err, r.close())
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
