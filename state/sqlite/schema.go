package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// applicationID marks the files that are ours, in the header of the database:
// "Gond".
const applicationID = 0x476f6e64

//go:embed schema/*.sql
var schema embed.FS

// version is that of the schema this program knows. The script schema/N.sql
// makes version N of version N-1. What schema/read-N.sql puts before a query gives
// the tables of version N, or later, the names and columns that they have in this one.
const version = 4

// prepareSchema refuses a newer schema and brings an older one up to date, unless
// the file is to be opened as it is.
func (b *db) prepareSchema(ctx context.Context) error {
	now, err := b.schemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case now == 0 && b.existing:
		return b.withoutSchema(ctx)
	case now < version && b.existing:
		b.outdated.Store(true)
		return nil
	}
	return b.migrate(ctx)
}

// withoutSchema is the fault of a file that is to be opened as it is and has no schema.
// One without a table is not begun: the process that made it was killed.
func (b *db) withoutSchema(ctx context.Context) error {
	why := errors.New("it has no schema, and may not be changed now")
	var tables int
	if _, err := b.row(ctx, "count the tables of", "SELECT count(*) FROM sqlite_schema", &tables); err != nil {
		return err
	}
	if tables == 0 {
		why = fmt.Errorf("%w: %w", state.ErrNotFound, why)
	}
	return b.unfit(why, "run gondola sync, which makes it")
}

// upgrade brings an older schema up to date that was left as it was.
func (b *db) upgrade(ctx context.Context) error {
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
			return b.unfit(fmt.Errorf("its schema has version %d; this gondola knows version %d", now, version),
				"run the newer gondola that wrote it; gondola version shows which this is")
		case now == version:
			b.outdated.Store(false)
			return nil
		case now == 0: // an empty file, which is to give space back to the disk later on
			err = b.outside(ctx, "PRAGMA auto_vacuum = INCREMENTAL")
		}
		if err == nil {
			err = b.transact(ctx, fmt.Sprintf("bring up to schema version %d", now+1), func(t *tx) { t.step(now) })
		}
		if err != nil {
			return err
		}
	}
}

// older returns what goes before a query while the schema is an older one.
func (b *db) older(ctx context.Context) (string, error) {
	if !b.outdated.Load() {
		return "", nil
	}
	now, err := b.schemaVersion(ctx)
	if err != nil {
		return "", err
	}
	if now >= version { // another process has made the step
		b.outdated.Store(false)
		return "", nil
	}
	text, err := schema.ReadFile(fmt.Sprintf("schema/read-%d.sql", min(now, 2)))
	return string(text), err
}

// step makes version from+1 of the schema, unless another process has.
func (t *tx) step(from int) {
	now, found := 0, false
	if t.Query("PRAGMA user_version", nil, into(&found, &now)); t.err != nil || now != from {
		return
	}
	script, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", from+1))
	if err != nil {
		t.err = err
		return
	}
	if from == 0 {
		script = fmt.Appendf(script, "PRAGMA application_id = %d;\n", applicationID)
	}
	t.script(fmt.Sprintf("%sPRAGMA user_version = %d;", script, from+1))
}

func (b *db) schemaVersion(ctx context.Context) (n int, err error) {
	_, err = b.row(ctx, "read the schema version of", "PRAGMA user_version", &n)
	return n, err
}

// unfit is the fault of a database that cannot be used as it is.
func (b *db) unfit(why error, hint string) error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: "open state database " + b.path, Err: why, Hint: hint}
}
