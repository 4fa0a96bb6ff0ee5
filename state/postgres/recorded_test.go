package postgres_test

import (
	"os"
	"testing"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/statetest"
)

// TestRecorded opens what pg_dump made of a database that the first version wrote.
func TestRecorded(t *testing.T) {
	dump, err := os.ReadFile("testdata/v1.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgserver.NewDatabase(t)
	pgserver.Exec(t, db.URI, string(dump))
	opener := func(o postgres.Options) func(*testing.T) state.Backend {
		return func(t *testing.T) state.Backend { return open(t, db.URI, o) }
	}
	statetest.Recorded(t, opener(postgres.Options{}), opener(postgres.Options{Existing: true}))
}
