package jsondir

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// Header returns a session's header.
func (b *db) Header(ctx context.Context, id string) (driver.Header, error) {
	_, h, err := b.stored(ctx, id)
	if err != nil {
		return driver.Header{}, err
	}
	return b.rowOf(h.Session)
}

// stored returns a session that is stored, with its header. Its items are not looked
// at.
func (b *db) stored(ctx context.Context, id string) (*session, header, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, header{}, err
	}
	h, err := b.header(s.dir)
	if err == nil && h.ID != id {
		err = otherSession(id, s.dir, h.ID)
	}
	return s, h, err
}

func (b *db) rowOf(h *state.Session) (driver.Header, error) {
	document, err := q2google.Codec{}.EncodeSession(h)
	return driver.Header{ID: h.ID, Updated: h.UpdatedAt, Document: document}, b.fault("read header of", SafeName(h.ID), err)
}

// parts are what a session has beside its header, a lock file and a flat file.
var parts = []string{journalFile, formerFile, snapshotFile, "/" + string(items), "/" + string(batches)}

// clear removes the files of the journal, and those of items and batches.
func (s *session) clear(ctx context.Context) error {
	s.history.Lock()
	defer s.history.Unlock()
	for _, part := range parts {
		err := ctx.Err()
		if name := s.dir + part; err == nil && s.b.exists(name) {
			err = s.b.step("remove", name, func() error { return s.b.root.RemoveAll(name) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remains reports whether there is anything of a session whose deletion was
// interrupted.
func (s *session) remains() bool {
	return slices.ContainsFunc(parts, func(part string) bool { return s.b.exists(s.dir + part) })
}

// Headers lists headers, most recently updated first, those that cannot be
// read last. Directories and files that are no sessions are passed over: see
// [Backend.Strays].
func (b *db) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		dirs := map[string]bool{} // there or not
		err := b.entries(ctx, func(e fs.DirEntry) {
			if name, flat := strings.CutSuffix(e.Name(), ".json"); flat && e.Type().IsRegular() {
				dirs[name] = true
			} else if e.IsDir() {
				dirs[e.Name()] = true
			}
		})
		if err != nil {
			yield(driver.Header{}, err)
			return
		}
		driver.Listing(slices.Collect(maps.Keys(dirs)), func(dir string) (driver.Header, error) {
			h, err := b.header(dir)
			switch {
			case errors.Is(err, errMisplaced):
				return driver.Header{}, driver.ErrNotFound
			case err != nil:
				return driver.Header{}, err
			}
			return b.rowOf(h.Session)
		})(yield)
	}
}

// Delete removes a session: first its header, so that an interrupted
// deletion leaves no session, then the rest. It also removes what an interrupted
// one has left.
func (b *db) Delete(ctx context.Context, id string) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	h, err := b.header(s.dir)
	switch {
	case errors.Is(err, driver.ErrNotFound):
		if !s.remains() {
			return err
		}
	case err == nil && h.ID != id:
		return otherSession(id, s.dir, h.ID)
	}
	return s.delete(ctx)
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
