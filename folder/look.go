package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// fileState is what the disk holds under the path of an entry.
type fileState int

const (
	whole   fileState = iota // as it was put there
	altered                  // something else: a person changed it
	gone
)

// look compares a file with its entry, by size and time of modification.
func look(root *os.Root, e *Entry) (fileState, error) {
	info, err := root.Lstat(e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return gone, nil
	case err != nil:
		return gone, err
	case !info.Mode().IsRegular() || info.Size() != e.Size || !sameTime(info.ModTime(), e.ModTime):
		return altered, nil
	}
	return whole, nil
}

// reread compares a file with its entry by its bytes. One that cannot be read is
// gone.
func reread(ctx context.Context, root *os.Root, e *Entry, buffer []byte) (fileState, error) {
	sum, err := sumOf(ctx, root, e.Path, buffer)
	switch {
	case ctx.Err() != nil:
		return gone, context.Cause(ctx)
	case err != nil:
		return gone, nil
	case sum != e.SHA256:
		return altered, nil
	}
	return whole, nil
}

// sameTime compares two times of modification. FAT keeps local times in steps of
// two seconds: a change of clocks shifts them by an hour.
func sameTime(a, b time.Time) bool {
	const step, shift = 2 * time.Second, time.Hour
	d := a.Sub(b).Abs()
	return d <= step || (d-shift).Abs() <= step
}
