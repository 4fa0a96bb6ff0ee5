package jsondir

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
)

// holderAt is where the lock file says who holds the lock, as far as it is held: that
// ends with the process, whatever the file says. Windows keeps others from reading
// the byte that is locked, the first.
const holderAt = 1

// Lock takes a session, stored or not, for this process. The lock is an
// advisory lock of the operating system on the session's lock file.
func (b *db) Lock(ctx context.Context, id string) (state.Unlocker, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	if h, err := b.header(s.dir); err == nil && h.ID != id {
		return nil, otherSession(id, s.dir, h.ID)
	}
	s.write.Lock()
	defer s.write.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lock, err := s.tryLock()
		if err != nil {
			return nil, err
		}
		if s.lockFileIs(lock) {
			return s.locked(ctx, id, lock)
		}
		lock.Unlock() // the file was removed between opening and locking it
	}
}

func (s *session) lockFile() string { return s.dir + "/lock" }

func (s *session) tryLock() (*flock.Flock, error) {
	if err := s.b.makeDir(s.dir); err != nil {
		return nil, err
	}
	name := s.lockFile()
	if err := s.b.touch(name); err != nil {
		return nil, s.b.fault("create", name, err)
	}
	lock := flock.New(filepath.Join(s.b.path, filepath.FromSlash(name)), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(filePerm))
	switch ok, err := lock.TryLock(); {
	case errors.Is(err, fs.ErrNotExist): // the directory was removed meanwhile
		return lock, nil
	case err != nil:
		return nil, s.b.fault("lock", name, err)
	case !ok:
		return nil, s.lockedError()
	}
	return lock, nil
}

// touch makes sure that a lock file is there and is no link out of the root.
func (b *db) touch(name string) error {
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, filePerm)
	switch {
	case errors.Is(err, fs.ErrExist):
		f, err = regular.OpenIn(b.root, name)
		if err != nil {
			return err
		}
		return f.Close()
	case err != nil:
		return err
	}
	_, err = f.WriteString("\n")
	return errors.Join(err, f.Close())
}

// lockFileIs reports whether a lock is on the file that others will try.
func (s *session) lockFileIs(lock *flock.Flock) bool {
	if !lock.Locked() {
		return false
	}
	mine, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := s.b.root.Stat(s.lockFile())
	return err == nil && os.SameFile(mine, there)
}

// locked makes the most of a lock just taken: it says who holds it, forgets
// what another process may have changed, and removes what one left behind.
func (s *session) locked(ctx context.Context, id string, lock *flock.Flock) (state.Unlocker, error) {
	host, _ := os.Hostname()
	holder, err := json.Marshal(state.LockedError{Session: id, Host: host, PID: os.Getpid(), Since: s.b.now().UTC()})
	if err == nil {
		err = s.writeHolder(append(holder, '\n'))
	}
	for _, dir := range []string{s.dir, s.dir + "/items", s.dir + "/batches"} {
		if err == nil {
			err = s.b.removeTemps(ctx, dir)
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lock, s.ix = lock, nil
	return &unlocker{s, lock}, nil
}

// writeHolder replaces what the lock file says.
func (s *session) writeHolder(data []byte) error {
	f, err := s.b.root.OpenFile(s.lockFile(), os.O_WRONLY, filePerm)
	if err == nil {
		_, err = f.WriteAt(data, holderAt)
		err = errors.Join(err, f.Truncate(int64(holderAt+len(data))), f.Close())
	}
	return s.b.fault("write", s.lockFile(), err)
}

// lockedError says who holds the session, as far as the lock file says.
func (s *session) lockedError() *state.LockedError {
	unknown := &state.LockedError{Session: s.dir, Host: "another host"}
	f, err := regular.OpenIn(s.b.root, s.lockFile())
	if err != nil {
		return unknown
	}
	defer f.Close()
	var said state.LockedError
	if json.NewDecoder(io.NewSectionReader(f, holderAt, 4<<10)).Decode(&said) != nil {
		return unknown
	}
	return &said
}

type unlocker struct {
	s    *session
	lock *flock.Flock
}

// Unlock gives the session free. Unlocking twice is no error.
func (u *unlocker) Unlock() error { return u.s.unlock(u.lock) }

// unlock gives the session free if it is held by this lock, or by any if it is nil.
// It leaves no trace of a session that was never stored or has been deleted.
func (s *session) unlock(lock *flock.Flock) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil || lock != nil && lock != s.lock {
		return nil
	}
	if _, err := s.b.dirHeader(s.dir); errors.Is(err, state.ErrNotFound) {
		s.b.root.Remove(s.lockFile())
		s.b.root.Remove(s.dir) // stays if anything is in it
	} else {
		_ = s.writeHolder(nil)
	}
	lock = s.lock
	s.lock, s.built = nil, s.stamp()
	return lock.Unlock()
}
