package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// Schema is the tables of a database, in each version so far. Of its files,
// schema/N.sql makes version N of version N-1. What schema/read-N.sql puts before a
// query, where there is such a file, gives the tables of version N the names and
// columns that they have in the newest.
type Schema struct {
	Files  fs.FS
	Newest int
}

// Prepare brings the schema up to date or, if only what exists is to be opened,
// leaves it as it is until the first change. It returns driver.ErrNotFound if there
// is none then.
func (s *Store) Prepare(ctx context.Context, existing bool) error {
	now, err := s.db.Version(ctx)
	switch {
	case err != nil:
		return err
	case !existing || now > s.dialect.Newest:
		return s.migrate(ctx)
	case now == 0:
		return driver.ErrNotFound
	}
	s.outdated.Store(now < s.dialect.Newest)
	return nil
}

// migrate brings the schema up to date, version by version. Of several processes
// that do so at once, each version is made by one.
func (s *Store) migrate(ctx context.Context) error {
	for {
		now, err := s.db.Version(ctx)
		switch {
		case err != nil:
			return err
		case now > s.dialect.Newest:
			return s.db.Unfit(fmt.Errorf("its schema has version %d; this gondola knows version %d", now, s.dialect.Newest),
				"run the newer gondola that wrote it; gondola version shows which this is")
		case now == s.dialect.Newest:
			s.outdated.Store(false)
			return nil
		}
		script, err := fs.ReadFile(s.dialect.Files, fmt.Sprintf("schema/%d.sql", now+1))
		if err == nil {
			err = s.db.Migrate(ctx, now+1, string(script))
		}
		if err != nil {
			return err
		}
	}
}

// Change runs a transaction on a schema that is up to date.
func (s *Store) Change(ctx context.Context, op string, how How, do func(Tx) error) error {
	if s.outdated.Load() {
		if err := s.migrate(ctx); err != nil {
			return err
		}
	}
	return s.db.Transact(ctx, op, how, do)
}

// query runs a query, on an older schema too.
func (s *Store) query(ctx context.Context, op, sql string, args []any, read func(Rows) error) error {
	older, err := s.older(ctx)
	if err != nil {
		return err
	}
	if older != "" {
		sql = older + strings.ReplaceAll(sql, "gondola.", "")
	}
	return s.db.Query(ctx, op, sql, args, read)
}

// older returns what goes before a query while the schema is an older one.
func (s *Store) older(ctx context.Context) (string, error) {
	if !s.outdated.Load() {
		return "", nil
	}
	now, err := s.db.Version(ctx)
	if err != nil {
		return "", err
	}
	if now >= s.dialect.Newest { // another process has brought it up to date
		s.outdated.Store(false)
		return "", nil
	}
	text, err := fs.ReadFile(s.dialect.Files, fmt.Sprintf("schema/read-%d.sql", now))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
