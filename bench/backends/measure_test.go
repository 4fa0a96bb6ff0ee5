package backends_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/bench/backends"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgserver.Wrap(m)) }

// stores are the kinds of stores; each returns what opens an empty one.
var stores = map[string]func(t *testing.T) func(context.Context) (state.Backend, error){
	"jsondir": func(t *testing.T) func(context.Context) (state.Backend, error) {
		dir := t.TempDir()
		return func(context.Context) (state.Backend, error) { return jsondir.Open(dir, jsondir.Options{}) }
	},
	"sqlite": func(t *testing.T) func(context.Context) (state.Backend, error) {
		path := filepath.Join(t.TempDir(), "gondola.db")
		return func(ctx context.Context) (state.Backend, error) { return sqlite.Open(ctx, path, sqlite.Options{}) }
	},
	"mongodb": func(t *testing.T) func(context.Context) (state.Backend, error) {
		uri := os.Getenv("BENCH_MONGODB_URI")
		if uri == "" {
			t.Skip("BENCH_MONGODB_URI is not set: the program in bench starts a server")
		}
		return func(ctx context.Context) (state.Backend, error) { return mongo.Open(ctx, uri, mongo.Options{}) }
	},
	"postgres": func(t *testing.T) func(context.Context) (state.Backend, error) {
		uri := pgserver.NewDatabase(t).URI
		return func(ctx context.Context) (state.Backend, error) { return postgres.Open(ctx, uri, postgres.Options{}) }
	},
}

// TestMeasure measures a small session in each store or, when the program in
// bench says so, another one in one of them.
func TestMeasure(t *testing.T) {
	items := 40
	only := os.Getenv("BENCH_STORE")
	if only != "" {
		var err error
		if items, err = strconv.Atoi(os.Getenv("BENCH_ITEMS")); err != nil {
			t.Fatalf("BENCH_ITEMS: %v", err)
		}
		if stores[only] == nil {
			t.Fatalf("BENCH_STORE: unknown store %q", only)
		}
	}
	for name, open := range stores {
		if only != "" && name != only {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c, err := backends.Measure(t.Context(), open(t), items)
			if err != nil {
				t.Fatal(err)
			}
			if c.Items != items || min(c.Load, c.Change, c.Open, c.List) <= 0 {
				t.Errorf("measured %+v", c)
			}
			fmt.Printf("cost %d %d %d %d %d\n", c.Load, c.Change, c.Open, c.List, c.Peak)
		})
	}
}

// A measurement needs a store that can be opened again.
func ExampleMeasure() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	open := func(context.Context) (state.Backend, error) { return jsondir.Open(dir, jsondir.Options{}) }
	c, err := backends.Measure(context.Background(), open, 20)
	fmt.Println(c.Items, c.Change > 0, err)
	// Output: 20 true <nil>
}
