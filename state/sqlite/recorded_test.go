package sqlite_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
	"github.com/gondola-sync/gondola/state/statetest"
)

// recorded returns the path of a database that an earlier version wrote.
func recorded(t *testing.T, version string) string {
	t.Helper()
	f, err := os.Open("testdata/" + version + ".db.gz")
	must(t, err)
	defer f.Close()
	unzip, err := gzip.NewReader(f)
	must(t, err)
	data, err := io.ReadAll(unzip)
	must(t, err)
	path := filepath.Join(t.TempDir(), "gondola.db")
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestRecorded(t *testing.T) {
	for version, holds := range map[string]string{"v1": "v1", "v2": "v2", "v4": "v2"} {
		t.Run(version, func(t *testing.T) {
			path := recorded(t, version)
			opener := func(o sqlite.Options) func(*testing.T) state.Backend {
				return func(t *testing.T) state.Backend {
					b, err := sqlite.Open(t.Context(), path, o)
					must(t, err)
					return b
				}
			}
			statetest.Recorded(t, holds, opener(sqlite.Options{}), opener(sqlite.Options{Existing: true}))
		})
	}
}

// TestOlderSchemaIsLeftAlone: a reader changes nothing, sees the change when
// another process makes it, and makes it itself before its first own change.
func TestOlderSchemaIsLeftAlone(t *testing.T) {
	path, ctx := recorded(t, "v1"), t.Context()
	before, err := os.ReadFile(path)
	must(t, err)
	openExisting := func() *sqlite.Backend {
		b, err := sqlite.Open(ctx, path, sqlite.Options{Existing: true})
		must(t, err)
		t.Cleanup(func() { b.Close() })
		return b
	}
	const key = "gopro/medium0000/1/source"
	reader := openExisting()
	if _, err := reader.Recall(ctx, "gphotos:3f9a", key); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("opening an older database to read it changed it")
	}

	changer := openExisting()
	entry := state.LedgerEntry{Account: "gphotos:3f9a", Key: key, Version: "v2"}
	must(t, changer.Record(ctx, entry))
	for name, b := range map[string]*sqlite.Backend{"the one that changed it": changer, "the one that had it open": reader} {
		got, err := b.Recall(ctx, entry.Account, key)
		if err != nil || got.Version != "v2" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
