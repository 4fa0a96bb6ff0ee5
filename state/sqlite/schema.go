package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// applicationID marks the files that are ours, in the header of the database:
// "Gond".
const applicationID = 0x476f6e64

//go:embed schema/*.sql
var schema embed.FS

// Version returns that of the schema.
func (b *db) Version(ctx context.Context) (n int, err error) {
	_, err = b.row(ctx, "read the schema version", "PRAGMA user_version", &n)
	return n, err
}

// Migrate makes a version of the schema, unless another process has.
func (b *db) Migrate(ctx context.Context, version int, script string) error {
	if version == 1 {
		script += fmt.Sprintf("PRAGMA application_id = %d;\n", applicationID)
	}
	script += fmt.Sprintf("PRAGMA user_version = %d;", version)
	return b.Transact(ctx, fmt.Sprintf("bring up to schema version %d", version), sqlstore.How{}, func(t sqlstore.Tx) error {
		now, found := 0, false
		if t.Query("PRAGMA user_version", nil, into(&found, &now)); now == version-1 {
			t.(*tx).script(script)
		}
		return t.Send()
	})
}

// withoutSchema is the fault of a file that is to be opened as it is and has no schema.
// One without a table is not begun: the process that made it was killed.
func (b *db) withoutSchema(ctx context.Context) error {
	why := errors.New("it has no schema, and may not be changed now")
	var tables int
	if _, err := b.row(ctx, "count the tables", "SELECT count(*) FROM sqlite_schema", &tables); err != nil {
		return err
	}
	if tables == 0 {
		why = fmt.Errorf("%w: %w", state.ErrNotFound, why)
	}
	return b.Unfit(why, "run: gondola sync, which makes it")
}

// Unfit is the fault of a database that cannot be used as it is.
func (b *db) Unfit(why error, hint string) error {
	return driver.Fault("open state database "+b.path, why, hint)
}
