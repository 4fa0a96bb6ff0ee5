package postgres

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/driver"
)

//go:embed schema/*.sql
var schema embed.FS

// newest is the version of the schema that this program knows. The script
// schema/N.sql makes version N of version N-1. What schema/read-N.sql puts before
// a query makes tables of version N those that the query knows.
const newest = 4

// migrationLock is what programs lock that migrate one database.
const migrationLock = 0x676f6e646f6c61 // "gondola"

// opening bounds how long Open waits: long enough for a server that is just
// about to answer.
var opening = limits{attempt: time.Minute, patience: 3 * time.Second}

// prepare checks the server and sees to the schema.
func (b *db) prepare(ctx context.Context) error {
	return b.do(ctx, "open sessions", opening, func(ctx context.Context) error {
		if err := b.checkServer(ctx); err != nil {
			return err
		}
		if err := b.checkSchema(ctx); err != nil {
			return err
		}
		return b.checkPrivileges(ctx)
	})
}

// checkSchema makes or migrates the schema if need be and permitted.
func (b *db) checkSchema(ctx context.Context) error {
	version, err := versionOf(ctx, b.pool)
	switch {
	case err != nil:
		return err
	case version > newest:
		return b.unsuitable("run the newer gondola that wrote it; gondola version shows which this is",
			"its schema has version %d; this gondola knows version %d", version, newest)
	case version == newest:
		return nil
	case !b.existing:
		return b.migrate(ctx)
	case version == 0:
		return driver.ErrNotFound
	}
	b.outdated.Store(true)
	return nil
}

// unsuitable is the fault of a database that cannot be used as it is.
func (b *db) unsuitable(hint, format string, args ...any) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open sessions in " + b.where,
		Err: fmt.Errorf(format, args...), Hint: hint,
	}
}

// checkServer looks at the settings that matter. A transaction counts as
// durable, whatever the role's setting, when the server has it on disk.
func (b *db) checkServer(ctx context.Context) error {
	var encoding, synchronous string
	sql := `SELECT current_setting('server_encoding'), current_setting('synchronous_commit')`
	if err := b.pool.QueryRow(ctx, sql).Scan(&encoding, &synchronous); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return b.unsuitable("create the database with TEMPLATE template0 ENCODING 'UTF8'",
			"its encoding is %s, which cannot hold every name", encoding)
	}
	b.lazy = synchronous == "off"
	return nil
}

// versionOf returns the version of the schema, 0 if there is none.
func versionOf(ctx context.Context, db interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) (version int, err error) {
	var there bool
	sql := `SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'gondola' AND tablename = 'migrations')`
	if err := db.QueryRow(ctx, sql).Scan(&there); err != nil || !there {
		return 0, err
	}
	err = db.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM gondola.migrations`).Scan(&version)
	return version, err
}

// migrate brings the schema to this version, all or nothing. Programs that open
// the database at once take turns.
func (b *db) migrate(ctx context.Context) error {
	begun, err := b.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return err
	}
	defer begun.Rollback(ctx)
	if _, err := begun.Exec(ctx, `SELECT pg_advisory_xact_lock($1::bigint)`, int64(migrationLock)); err != nil {
		return err
	}
	version, err := versionOf(ctx, begun)
	if err == nil && version == 0 {
		err = createSchema(ctx, begun)
	}
	for n := version + 1; err == nil && n <= newest; n++ {
		err = step(ctx, begun, n)
	}
	if err != nil {
		return err
	}
	return begun.Commit(ctx)
}

// step makes version n of the schema.
func step(ctx context.Context, begun pgx.Tx, n int) error {
	script, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", n))
	if err == nil {
		_, err = begun.Exec(ctx, string(script), pgx.QueryExecModeSimpleProtocol)
	}
	if err == nil {
		_, err = begun.Exec(ctx, `INSERT INTO gondola.migrations (version) VALUES ($1::integer)`, n)
	}
	return err
}

// upgrade brings an older schema up to date that was left as it was.
func (b *db) upgrade(ctx context.Context) error {
	if !b.outdated.Load() {
		return nil
	}
	err := b.migrate(ctx)
	if err == nil {
		b.outdated.Store(false)
	}
	return err
}

// ofOlder are the tables that schema/read-N.sql makes.
var ofOlder = strings.NewReplacer("gondola.items", "items", "gondola.journal", "journal", "gondola.snapshots", "snapshots")

// older returns a query as it has to be while the schema is an older one.
func (b *db) older(ctx context.Context, sql string) (string, error) {
	if !b.outdated.Load() {
		return sql, nil
	}
	version, err := versionOf(ctx, b.pool)
	switch {
	case err != nil:
		return "", err
	case version >= newest: // another process has brought it up to date
		b.outdated.Store(false)
		return sql, nil
	case version == 3:
		return sql, nil
	}
	text, err := schema.ReadFile(fmt.Sprintf("schema/read-%d.sql", version))
	return string(text) + ofOlder.Replace(sql), err
}

// createSchema makes the schema, unless somebody has made it for us.
func createSchema(ctx context.Context, begun pgx.Tx) error {
	var there bool
	sql := `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'gondola')`
	if err := begun.QueryRow(ctx, sql).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := begun.Exec(ctx, `CREATE SCHEMA gondola`); err != nil {
			return err
		}
	}
	_, err := begun.Exec(ctx, `CREATE TABLE IF NOT EXISTS gondola.migrations
		(version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())`)
	return err
}

// checkPrivileges tells at once what would fail in mid-run.
func (b *db) checkPrivileges(ctx context.Context) error {
	var missing string
	sql := `SELECT coalesce(string_agg(p || ' ON gondola.' || c.relname, ', ' ORDER BY c.relname, p), '')
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
		     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
		WHERE n.nspname = 'gondola' AND c.relkind = 'r' AND c.relname <> 'migrations' AND NOT has_table_privilege(c.oid, p)`
	if err := b.pool.QueryRow(ctx, sql).Scan(&missing); err != nil || missing == "" {
		return err
	}
	return b.unsuitable(b.grants(), "the role lacks privileges: %s", missing)
}
