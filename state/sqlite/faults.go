package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	codes "modernc.org/sqlite/lib"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

func errClosed() error {
	return driver.Fault("use state database", state.ErrClosed, "")
}

// fault says what could not be done in which file, why, and what helps.
func (b *db) fault(ctx context.Context, op string, err error) error {
	if err == nil || err == driver.ErrNotFound {
		return err
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if _, known := errors.AsType[*fault.Error](err); known {
		return err
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // Op names the file in full
	}
	if code(err) == codes.SQLITE_FULL {
		err = syscall.ENOSPC // SQLite's words end with its number
	}
	return driver.Fault(strings.TrimSpace(op+" "+b.path), err, b.hint(err))
}

// hint returns the next step after an error, or "".
func (b *db) hint(err error) string {
	switch code(err) {
	case codes.SQLITE_FULL:
		return b.hint(syscall.ENOSPC)
	case codes.SQLITE_READONLY, codes.SQLITE_PERM, codes.SQLITE_AUTH, codes.SQLITE_CANTOPEN:
		return b.hint(fs.ErrPermission)
	case codes.SQLITE_BUSY, codes.SQLITE_PROTOCOL:
		return fmt.Sprintf("another process has been writing to the file for %v; let it finish, then run the same command again", patience)
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return damaged
	case codes.SQLITE_IOERR:
		return "see that the disk is sound and not full, and that the file is on a local disk; then run the same command again"
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space on the disk that holds " + b.path + ", then run the same command again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "make " + b.path + " and its directory readable and writable for this user, or choose another file"
	case errors.Is(err, errNotShared):
		return "choose a file on a local disk"
	case errors.Is(err, errNoDatabase), errors.Is(err, errForeign):
		return "choose another path; a new file is made where there is none"
	}
	return ""
}

const damaged = "the file is damaged: restore it from a copy, or save what can be read with gondola sessions export, then start a new file; " +
	"what is at the destination is found there"

// Damaged says that a document in the database is not what it should be.
func (b *db) Damaged(what string, err error) error {
	return driver.Fault(fmt.Sprintf("read %s in %s", what, b.path), err,
		"restore the file from a copy, or correct the document in its row (docs/sqlite.md says how)")
}
