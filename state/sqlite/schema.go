package sqlite

import (
	"context"
	"embed"
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
const version = 1

// migrate brings the schema up to date, each step in a transaction of its own,
// so that of two processes that open the file at once one makes the step and
// the other finds it made.
func (b *Backend) migrate(ctx context.Context) error {
	for {
		now, err := b.schemaVersion(ctx)
		switch {
		case err != nil:
			return err
		case now > version:
			return b.newer(now)
		case now == version:
			return nil
		case b.existing:
			return b.older(now)
		case now == 0:
			err = b.allowShrinking(ctx)
		}
		if err != nil {
			return err
		}
		err = b.write(ctx, fmt.Sprintf("bring up to schema version %d", now+1), func(t *tx) error {
			return t.step(now)
		})
		if err != nil {
			return err
		}
	}
}

// allowShrinking lets an empty database give space back to the disk later on.
func (b *Backend) allowShrinking(ctx context.Context) error {
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

func (b *Backend) schemaVersion(ctx context.Context) (n int, err error) {
	err = b.read(ctx, "read the schema version of", "PRAGMA user_version", nil, func(r row) error { return r.Scan(&n) })
	return n, err
}

func (b *Backend) newer(found int) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open state database " + b.path,
		Err:  fmt.Errorf("its schema has version %d; this gondola knows version %d", found, version),
		Hint: "run the newer gondola that wrote it; gondola version shows which this is",
	}
}

func (b *Backend) older(found int) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open state database " + b.path,
		Err:  fmt.Errorf("its schema has version %d; this gondola works with version %d and may not change it now", found, version),
		Hint: "run gondola sync, which brings it up to date",
	}
}
