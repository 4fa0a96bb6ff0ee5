package jsondir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestRecorded(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/v1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range archive.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opener := func(o jsondir.Options) func(*testing.T) state.Backend {
		return func(t *testing.T) state.Backend {
			b, err := jsondir.Open(root, o)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	statetest.Recorded(t, "v1", opener(jsondir.Options{}), opener(jsondir.Options{Existing: true}))
}
