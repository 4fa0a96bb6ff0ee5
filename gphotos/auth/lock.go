package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPatience is longer than a process holds the lock, which it does while
	// it asks the token endpoint.
	lockPatience = callTimeout + 15*time.Second
	lockPoll     = 10 * time.Millisecond
)

// locked runs f while no other process changes the file.
func (s *Store) locked(f func() error) error {
	unlock, err := s.lock(context.Background())
	if err != nil {
		return s.unwritable(err)
	}
	defer unlock()
	return f()
}

// lock waits until no other process has the file's lock, and takes it: that of
// the file beside it, or of the file itself in a directory that cannot be
// written. Where neither can be locked, there is no lock: the file can then not
// be changed from here either. The error is that of a process that keeps it, or
// of ctx.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for _, l := range s.locks() {
		_, err := l.TryLockContext(patient, lockPoll)
		switch {
		case err == nil:
			return func() { _ = l.Unlock() }, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("another process holds %s", l.Path())
		}
	}
	return func() {}, nil
}

// locks are what the file can be locked by, best first.
func (s *Store) locks() (all []*flock.Flock) {
	beside := s.path + ".lock"
	if makeParent(s.path) == nil && isFreeOrRegular(beside) {
		all = append(all, flock.New(beside, flock.SetPermissions(0o600)))
	}
	if runtime.GOOS != "windows" && isRegular(s.path) { // where a lock keeps others from reading
		all = append(all, flock.New(s.path, flock.SetFlag(os.O_RDONLY)))
	}
	return all
}

// isFreeOrRegular reports whether a lock file can be made or opened at path: not
// through a link, and not a FIFO, which would block.
func isFreeOrRegular(path string) bool {
	info, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular()
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
