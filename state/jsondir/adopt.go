package jsondir

import (
	"context"
	"fmt"
)

// adopt rewrites once what q2google wrote, before Gondola changes it. An
// interrupted adoption begins again. Call within change.
func (s *session) adopt(ctx context.Context) error {
	todo := s.ix.adoption
	for _, dir := range []string{s.dir, items.in(s.dir)} {
		if err := s.b.makeDir(dir); err != nil {
			return err
		}
	}
	// q2google leaves it to the umask who can read upload tokens and signed URLs.
	for _, dir := range []string{s.dir, items.in(s.dir), batches.in(s.dir)} {
		if err := s.b.protect(dir, dirPerm); err != nil {
			return err
		}
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

// moveFlatAside renames the flat file so that q2google, which prefers it to the
// directory, no longer sees it.
func (s *session) moveFlatAside() error {
	name := s.dir + ".json"
	aside := name + ".migrated"
	for n := 2; s.b.exists(aside); n++ {
		aside = fmt.Sprintf("%s.migrated-%d", name, n)
	}
	err := s.b.protect(name, filePerm)
	if err == nil {
		err = s.b.rename(name, aside)
	}
	if err == nil {
		err = s.b.syncDir(".")
	}
	return err
}
