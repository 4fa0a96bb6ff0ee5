package jsondir

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/state"
)

// Session returns a session's header.
func (b *Backend) Session(ctx context.Context, id string) (*state.Session, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	h, err := b.header(s.dir)
	switch {
	case err != nil:
		return nil, err
	case h.ID != id:
		return nil, otherSession(id, s.dir, h.ID)
	}
	return h.Session, nil
}

// PutSession stores a session's header and sets its UpdatedAt.
func (b *Backend) PutSession(ctx context.Context, header *state.Session) error {
	s, err := b.session(ctx, header.ID)
	if err != nil {
		return err
	}
	put := func() error { return s.putHeader(header) }
	err = s.change(ctx, header.ID, put)
	if errors.Is(err, state.ErrNotFound) {
		err = s.create(ctx, put)
	}
	return err
}

func (s *session) putHeader(header *state.Session) error {
	stored := *header
	stored.UpdatedAt = s.b.now().UTC().Truncate(time.Microsecond)
	if err := s.writeHeader(&stored); err != nil {
		return err
	}
	header.UpdatedAt = stored.UpdatedAt
	return nil
}

func (s *session) writeHeader(header *state.Session) error {
	data, err := state.EncodeSession(header)
	if err != nil {
		return s.b.fault("store header of", s.dir, err)
	}
	if err := s.b.writeFile(s.dir+metaFile, data); err != nil {
		return err
	}
	return s.b.syncDir(s.dir)
}

// create makes a session that is not there, free of what an interrupted
// deletion may have left.
func (s *session) create(ctx context.Context, put func() error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if _, err := s.b.header(s.dir); !errors.Is(err, state.ErrNotFound) {
		return err // somebody else has been first, or it cannot be read
	}
	if err := s.b.makeDir(s.dir); err != nil {
		return err
	}
	if err := s.clear(ctx); err != nil {
		return err
	}
	return put()
}

// clear removes the files of the journal, and those of items and batches.
func (s *session) clear(ctx context.Context) error {
	if err := s.clearJournal(); err != nil {
		return err
	}
	for _, dir := range []string{s.dir + "/items", s.dir + "/batches"} {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.b.step("remove", dir, func() error { return s.b.root.RemoveAll(dir) })
		if err != nil {
			return s.b.fault("remove", dir, err)
		}
	}
	return nil
}

func (s *session) clearJournal() error {
	s.history.Lock()
	defer s.history.Unlock()
	for _, name := range []string{journalFile, formerFile, snapshotFile} {
		if !s.exists(s.dir + name) {
			continue
		}
		if err := s.b.remove(s.dir + name); err != nil {
			return err
		}
	}
	return nil
}

// listed is one session of a listing.
type listed struct {
	header *state.Session
	err    error
}

// Sessions lists headers, most recently updated first, those that cannot be
// read last. Directories and files that are no sessions are passed over: see
// [Backend.Strays].
func (b *Backend) Sessions(ctx context.Context) iter.Seq2[*state.Session, error] {
	return func(yield func(*state.Session, error) bool) {
		all, err := b.listSessions(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, l := range all {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(l.header, l.err) {
				return
			}
		}
	}
}

func (b *Backend) listSessions(ctx context.Context) ([]listed, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	dirs := map[string]bool{}
	err := b.list(ctx, ".", func(e fs.DirEntry) {
		if name, flat := strings.CutSuffix(e.Name(), ".json"); flat && e.Type().IsRegular() {
			dirs[name] = true
		} else if e.IsDir() && e.Name() != ownDir {
			dirs[e.Name()] = true
		}
	})
	var all []listed
	for dir := range dirs {
		h, err := b.header(dir)
		switch {
		case errors.Is(err, state.ErrNotFound), errors.Is(err, errMisplaced):
		case err != nil:
			all = append(all, listed{&state.Session{ID: dir}, err})
		default:
			all = append(all, listed{h.Session, nil})
		}
	}
	slices.SortFunc(all, func(a, b listed) int {
		if c := b.header.UpdatedAt.Compare(a.header.UpdatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.header.ID, b.header.ID)
	})
	return all, err
}

// DeleteSession removes a session: first its header, so that an interrupted
// deletion leaves no session, then the rest. It also removes what an interrupted
// one has left. It returns a *state.LockedError if another backend holds the
// session.
func (b *Backend) DeleteSession(ctx context.Context, id string) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	h, err := b.header(s.dir)
	switch {
	case errors.Is(err, state.ErrNotFound):
		if !s.remains() {
			return err
		}
	case err == nil && h.ID != id:
		return otherSession(id, s.dir, h.ID)
	}
	if !s.held() {
		lock, err := b.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer lock.Unlock() // removes the directory
	}
	return s.delete(ctx)
}

// remains reports whether there is anything of a session whose deletion was
// interrupted.
func (s *session) remains() bool {
	for _, name := range []string{"/items", "/batches", journalFile, formerFile, snapshotFile} {
		if s.exists(s.dir + name) {
			return true
		}
	}
	return false
}

func (s *session) delete(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	defer s.forget()
	for _, name := range []string{s.dir + ".json", s.dir + metaFile} {
		if err := s.b.remove(name); err != nil {
			return err
		}
	}
	for _, dir := range []string{s.dir, "."} {
		if err := s.b.syncDir(dir); err != nil {
			return err
		}
	}
	return s.clear(ctx)
}

// forget drops the index, which no longer describes what is stored.
func (s *session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ix = nil
}
