package folder

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/gondola-sync/gondola/fault"
)

const (
	fullHint = "make room on the disk of the folder, then run the same command again"
	diskHint = "see that the disk of the folder is there and can be written, then run the same command again"
)

// failure makes a fault of what the file system said.
func failure(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if fault.CodeOf(err) != "" {
		return err
	}
	if p, ok := err.(*fs.PathError); ok && strings.HasSuffix(op, " "+p.Path) {
		err = p.Err // op has the path already
	}
	f := &fault.Error{Class: fault.Session, Code: fault.Unreachable, Op: op, Err: err, Hint: diskHint}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f.Code, f.Hint = fault.Storage, fullHint
	case errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ENOTDIR):
		f.Class, f.Code, f.Hint = fault.Item, fault.Rejected, ""
	case errors.Is(err, fs.ErrInvalid):
		f.Class, f.Code, f.Hint = fault.Item, fault.Rejected, ""
	}
	return f
}
