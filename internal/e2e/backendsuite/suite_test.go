package backendsuite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gondola-sync/gondola/internal/e2e/backendsuite"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
	"github.com/gondola-sync/gondola/internal/pgserver"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(pgserver.Wrap(m))) }

func jsonDirectory(t *testing.T) string {
	return "jsondir:" + filepath.Join(t.TempDir(), "sessions")
}

func sqliteFile(t *testing.T) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")
}

func postgresDatabase(t *testing.T) string { return pgserver.NewDatabase(t).URI }

func TestJSONDirectory(t *testing.T) {
	t.Parallel()
	backendsuite.Run(t, jsonDirectory)
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	backendsuite.Run(t, sqliteFile)
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	backendsuite.Run(t, postgresDatabase)
}

func TestOneLane(t *testing.T) {
	t.Parallel()
	backendsuite.Lane(t, map[string]func(*testing.T) string{"jsondir": jsonDirectory, "SQLite": sqliteFile, "PostgreSQL": postgresDatabase})
}
