package jsondir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// adopt rewrites once what q2google wrote, before Gondola changes it. An
// interrupted adoption begins again. Call within change.
func (s *session) adopt(ctx context.Context) error {
	todo := s.ix.adoption
	for _, dir := range []string{s.dir, s.dir + "/items"} {
		if err := s.b.makeDir(dir); err != nil {
			return err
		}
	}
	if err := s.hide(); err != nil {
		return err
	}
	for _, file := range todo.stale {
		if err := s.b.remove(s.dir + "/" + file); err != nil {
			return err
		}
	}
	u := &update{session: s, ctx: ctx, stored: true}
	for w := range todo.Adopt(todo.flat) {
		if err := u.Write(w); err != nil {
			return err
		}
	}
	if todo.hasFlat {
		if err := s.moveFlatAside(); err != nil {
			return err
		}
	}
	s.b.log.Info("session of q2google taken over", "session", s.ix.Header.ID, "items", len(todo.Rows), "batches", len(todo.Batches))
	ix, err := s.b.buildIndex(ctx, s.dir)
	if err == nil {
		s.update(func(*index) { s.ix = ix })
	}
	return err
}

// hide takes a session from the eyes of other users, which q2google leaves to
// the umask: it holds upload tokens and signed URLs.
func (s *session) hide() error {
	for _, dir := range []string{s.dir, s.dir + "/items", s.dir + "/batches"} {
		err := s.b.step("chmod", dir, func() error { return s.b.root.Chmod(dir, dirPerm) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.b.fault("protect", dir, err)
		}
	}
	return nil
}

// moveFlatAside renames the flat file so that q2google, which prefers it to the
// directory, no longer sees it.
func (s *session) moveFlatAside() error {
	name := s.dir + ".json"
	aside := name + ".migrated"
	for n := 2; s.exists(aside); n++ {
		aside = fmt.Sprintf("%s.migrated-%d", name, n)
	}
	if err := s.b.step("chmod", name, func() error { return s.b.root.Chmod(name, filePerm) }); err != nil {
		return s.b.fault("protect", name, err)
	}
	if err := s.b.step("rename", name, func() error { return s.b.root.Rename(name, aside) }); err != nil {
		return s.b.fault("rename", name, err)
	}
	return s.b.syncDir(".")
}

func (s *session) exists(name string) bool {
	_, err := s.b.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
