package postgres_test

import (
	"os"
	"testing"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/statetest"
)

// recorded returns the URI of a database with what pg_dump made of one that an
// earlier version wrote.
func recorded(t *testing.T, version string) string {
	t.Helper()
	dump, err := os.ReadFile("testdata/" + version + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgserver.NewDatabase(t)
	pgserver.Exec(t, db.URI, string(dump))
	return db.URI
}

func TestRecorded(t *testing.T) {
	for version, check := range map[string]func(t *testing.T, open, existing func(t *testing.T) state.Backend){
		"v1": statetest.Recorded, "v2": statetest.RecordedRows,
	} {
		t.Run(version, func(t *testing.T) {
			uri := recorded(t, version)
			opener := func(o postgres.Options) func(*testing.T) state.Backend {
				return func(t *testing.T) state.Backend { return open(t, uri, o) }
			}
			check(t, opener(postgres.Options{}), opener(postgres.Options{Existing: true}))
		})
	}
}
