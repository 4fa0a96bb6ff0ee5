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
	for version, holds := range map[string]string{"v1": "v1", "v2": "v2", "v4": "v2"} {
		t.Run(version, func(t *testing.T) {
			uri := recorded(t, version)
			opener := func(o postgres.Options) func(*testing.T) state.Backend {
				return func(t *testing.T) state.Backend { return open(t, uri, o) }
			}
			statetest.Recorded(t, holds, opener(postgres.Options{}), opener(postgres.Options{Existing: true}))
		})
	}
}
