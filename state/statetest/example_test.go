package statetest_test

import (
	"path/filepath"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/statetest"
)

// The test of a backend is a call of Run.
func ExampleRun() {
	_ = func(t *testing.T) { // TestBackend
		statetest.Run(t, func(t *testing.T) statetest.Harness {
			root := filepath.Join(t.TempDir(), "sessions")
			return statetest.Harness{
				Open: func(t *testing.T) state.Backend {
					b, err := jsondir.Open(root, jsondir.Options{})
					if err != nil {
						t.Fatal(err)
					}
					return b
				},
			}
		})
	}
	// Output:
}
