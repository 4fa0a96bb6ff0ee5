package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

//go:embed schema/*.sql
var schema embed.FS

// newest is the version of the schema that this program knows.
const newest = 5

// migrationLock is what programs lock that migrate one database.
const migrationLock int64 = 0x676f6e646f6c61 // "gondola"

// Unfit is the fault of a database that cannot be used as it is.
func (b *db) Unfit(why error, hint string) error {
	return driver.Fault("open sessions in "+b.where, why, hint)
}

// prepare checks the server and sees to the schema.
func (b *db) prepare(ctx context.Context, existing bool) error {
	err := b.do(ctx, "open sessions", sqlstore.How{Reads: true}, b.checkServer)
	if err == nil {
		err = b.Prepare(ctx, existing)
	}
	if err == nil {
		err = b.do(ctx, "open sessions", sqlstore.How{Reads: true}, b.checkPrivileges)
	}
	return err
}

// checkServer looks at the settings that matter. A transaction counts as
// durable, whatever the role's setting, when the server has it on disk.
func (b *db) checkServer(ctx context.Context) error {
	var encoding, synchronous string
	sql := `SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('server_encoding'), current_setting('synchronous_commit')`
	if err := b.pool.QueryRow(ctx, sql).Scan(&b.version, &encoding, &synchronous); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return b.Unfit(fmt.Errorf("its encoding is %s, which cannot hold every name", encoding),
			"create the database with TEMPLATE template0 ENCODING 'UTF8'")
	}
	b.lazy = synchronous == "off"
	return nil
}

// Version returns that of the schema.
func (b *db) Version(ctx context.Context) (version int, err error) {
	err = b.do(ctx, "open sessions", sqlstore.How{Reads: true}, func(ctx context.Context) (err error) {
		version, err = versionOf(ctx, b.pool)
		return err
	})
	return version, err
}

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

// Migrate makes a version of the schema. Programs that do so at once take turns.
func (b *db) Migrate(ctx context.Context, version int, script string) error {
	script += fmt.Sprintf("\nINSERT INTO gondola.migrations (version) VALUES (%d);", version)
	return b.do(ctx, "open sessions", sqlstore.How{Long: true, Reads: true}, func(ctx context.Context) error {
		return pgx.BeginTxFunc(ctx, b.pool, changing, func(begun pgx.Tx) error {
			if _, err := begun.Exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", migrationLock); err != nil {
				return err
			}
			now, err := versionOf(ctx, begun)
			if err == nil && now == version-1 {
				_, err = begun.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol)
			}
			return err
		})
	})
}

// checkPrivileges finds at once what would fail in mid-run.
func (b *db) checkPrivileges(ctx context.Context) error {
	var missing string
	sql := `SELECT coalesce(string_agg(p || ' ON gondola.' || c.relname, ', ' ORDER BY c.relname, p), '')
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
		     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
		WHERE n.nspname = 'gondola' AND c.relkind = 'r' AND c.relname <> 'migrations' AND NOT has_table_privilege(c.oid, p)`
	if err := b.pool.QueryRow(ctx, sql).Scan(&missing); err != nil || missing == "" {
		return err
	}
	return b.Unfit(errors.New("the role lacks privileges: "+missing), b.grants())
}
