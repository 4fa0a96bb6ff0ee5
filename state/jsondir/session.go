package jsondir

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/state/driver"
)

// session is one session in use. Its index is built when it is first asked for
// and kept current by every change made here. While this backend holds the
// session's lock no other process changes it; otherwise the index is built anew when
// the directory has changed.
type session struct {
	b   *db
	dir string

	write   sync.Mutex // one change at a time; taken before mu and history
	history sync.Mutex // one change of the journal at a time

	mu      sync.Mutex
	ix      *index // nil until asked for
	built   stamp  // of the directory that ix describes
	writing bool
	lock    *flock.Flock // nil unless held
}

// stamp differs if a session's directory has changed.
type stamp [4]time.Time

// settled is how long a directory must be unchanged for its time stamp to be
// trusted: file systems mark changes in ticks of some milliseconds.
const settled = 100 * time.Millisecond

func (s *session) stamp() stamp {
	var st stamp
	for i, name := range [...]string{s.dir + metaFile, s.dir + "/items", s.dir + "/batches", s.dir + ".json"} {
		if info, err := s.b.root.Stat(name); err == nil {
			st[i] = info.ModTime()
		}
	}
	return st
}

func (st stamp) settledAt(now time.Time) bool {
	for _, t := range st {
		if now.Sub(t) < settled {
			return false
		}
	}
	return true
}

// view shows the session's index. The index must not be used afterwards.
func (s *session) view(ctx context.Context, id string, show func(*index)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if holder := s.ix.Header.ID; holder != id {
		return otherSession(id, s.dir, holder)
	}
	show(s.ix)
	return nil
}

// refresh makes ix describe the session as it is stored. Call with mu held.
func (s *session) refresh(ctx context.Context) error {
	if s.ix != nil && (s.lock != nil || s.writing || s.built == s.stamp()) {
		return nil
	}
	start, before := time.Now(), s.stamp()
	ix, err := s.b.buildIndex(ctx, s.dir)
	if err != nil {
		s.ix = nil
		return err
	}
	s.ix, s.built = ix, before
	if !before.settledAt(start) {
		s.built = stamp{}
	}
	return nil
}

func otherSession(id, dir, holder string) error {
	return driver.Fault(fmt.Sprintf("use session %q", id), fmt.Errorf("its directory %s holds session %q", dir, holder),
		"choose a session id that differs in more than separators and case")
}

// change runs one change of a session, stored or not. What q2google left is rewritten
// first. The index stays the same object until change returns.
func (s *session) change(ctx context.Context, id string, do func(stored bool) error) (err error) {
	s.write.Lock()
	defer s.write.Unlock()
	err = s.view(ctx, id, func(*index) { s.writing = true })
	stored := !errors.Is(err, driver.ErrNotFound)
	if stored && err != nil {
		return err
	}
	defer func() { s.changed(err == nil) }()
	if stored && s.ix.adoption != nil {
		if err := s.adopt(ctx); err != nil {
			return err
		}
	}
	return do(stored)
}

// changed ends a change. The index describes the directory as it is now, unless
// the change broke off somewhere.
func (s *session) changed(whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = false
	s.built = s.stamp()
	if !whole {
		s.ix = nil
	}
}

// update changes the index. Call within change.
func (s *session) update(do func(*index)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s.ix)
}
