package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/fault"
)

// applicationID marks the files that are ours, in the header of the database:
// "Gond".
const applicationID = 0x476f6e64

//go:embed schema/*.sql
var schema embed.FS

// version is that of the schema this program knows. The script schema/N.sql
// makes version N of version N-1.
const version = 3

// prepareSchema refuses a newer schema and brings an older one up to date, unless
// the file is to be opened as it is.
func (b *db) prepareSchema(ctx context.Context) error {
	now, err := b.schemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case now == 0 && b.existing:
		return b.unmade()
	case now < version && b.existing:
		b.outdated.Store(true)
		return nil
	}
	return b.migrate(ctx)
}

// update brings an older schema up to date that was left as it was.
func (b *db) update(ctx context.Context) error {
	if !b.outdated.Load() {
		return nil
	}
	return b.migrate(ctx)
}

// migrate brings the schema up to date, each step in a transaction of its own,
// so that of two processes that open the file at once one makes the step and
// the other finds it made.
func (b *db) migrate(ctx context.Context) error {
	for {
		now, err := b.schemaVersion(ctx)
		switch {
		case err != nil:
			return err
		case now > version:
			return b.newer(now)
		case now == version:
			b.outdated.Store(false)
			return nil
		case now == 0:
			err = b.allowShrinking(ctx)
		}
		if err != nil {
			return err
		}
		err = b.transact(ctx, fmt.Sprintf("bring up to schema version %d", now+1), func(t *tx) error {
			return t.step(now)
		})
		if err != nil {
			return err
		}
	}
}

// isOutdated reports whether the schema is still an older one.
func (b *db) isOutdated(ctx context.Context) (bool, error) {
	if !b.outdated.Load() {
		return false, nil
	}
	now, err := b.schemaVersion(ctx)
	if err == nil && now >= version { // another process has made the step
		b.outdated.Store(false)
	}
	return now < version, err
}

// allowShrinking lets an empty database give space back to the disk later on.
func (b *db) allowShrinking(ctx context.Context) error {
	return b.outside(ctx, "PRAGMA auto_vacuum = INCREMENTAL", func(row) error { return nil })
}

// step makes version from+1 of the schema, unless somebody else has.
func (t *tx) step(from int) error {
	var now int
	if _, err := t.row("PRAGMA user_version", nil, &now); err != nil || now != from {
		return err
	}
	script, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", from+1))
	if err != nil {
		return err
	}
	if from == 0 {
		script = fmt.Appendf(script, "PRAGMA application_id = %d;\n", applicationID)
	}
	return t.script(fmt.Sprintf("%sPRAGMA user_version = %d;", script, from+1))
}

func (b *db) schemaVersion(ctx context.Context) (n int, err error) {
	err = b.read(ctx, "read the schema version of", "PRAGMA user_version", nil, func(r row) error { return r.Scan(&n) })
	return n, err
}

func (b *db) newer(found int) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open state database " + b.path,
		Err:  fmt.Errorf("its schema has version %d; this gondola knows version %d", found, version),
		Hint: "run the newer gondola that wrote it; gondola version shows which this is",
	}
}

func (b *db) unmade() error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open state database " + b.path,
		Err:  errors.New("it has no schema, and may not be changed now"),
		Hint: "run gondola sync, which makes it",
	}
}
