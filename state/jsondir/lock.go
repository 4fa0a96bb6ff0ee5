package jsondir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
)

// holder is what a lock file says of the process that holds the lock. The lock
// itself is the system's: it ends with the process, whatever the file says.
type holder struct {
	Session string    `json:"session"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
}

// holderAt is where the holder stands in the lock file. Windows keeps others
// from reading the byte that is locked, the first.
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
	err := s.writeHolder(holder{Session: id, Host: host, PID: os.Getpid(), Since: s.b.now().UTC()})
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

func (s *session) writeHolder(h holder) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := s.b.root.OpenFile(s.lockFile(), os.O_WRONLY, filePerm)
	if err == nil {
		_, err = f.WriteAt(append(data, '\n'), holderAt)
		err = errors.Join(err, f.Truncate(int64(holderAt+len(data)+1)), f.Close())
	}
	if err != nil {
		return s.b.fault("write", s.lockFile(), err)
	}
	return nil
}

// lockedError tells who holds the session, as far as the lock file says.
func (s *session) lockedError() error {
	e := &state.LockedError{Session: s.dir, Host: "another host"}
	f, err := regular.OpenIn(s.b.root, s.lockFile())
	if err != nil {
		return e
	}
	defer f.Close()
	data, _ := io.ReadAll(io.NewSectionReader(f, holderAt, 4<<10))
	var h holder
	if json.Unmarshal(bytes.TrimSpace(data), &h) == nil {
		e.Session, e.Host, e.PID, e.Since = h.Session, h.Host, h.PID, h.Since
	}
	return e
}

func (s *session) held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lock != nil
}

type unlocker struct {
	s    *session
	lock *flock.Flock
}

// Unlock gives the session free. Unlocking twice is no error.
func (u *unlocker) Unlock() error {
	if u.s.holds(u.lock) {
		return u.s.unlock()
	}
	return nil
}

func (s *session) holds(lock *flock.Flock) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lock == lock
}

// unlock gives the session free if it is held. It leaves no trace of a session
// that was never stored or has been deleted.
func (s *session) unlock() error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	if _, err := s.b.dirHeader(s.dir); errors.Is(err, state.ErrNotFound) {
		s.b.root.Remove(s.lockFile())
		s.b.root.Remove(s.dir) // stays if anything is in it
	} else if f, err := s.b.root.OpenFile(s.lockFile(), os.O_WRONLY, filePerm); err == nil {
		f.Truncate(holderAt)
		f.Close()
	}
	lock := s.lock
	s.lock, s.built = nil, s.stamp()
	return lock.Unlock()
}
