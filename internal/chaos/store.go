package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// store is where one session is kept.
type store struct {
	uri  string
	drop func() error // what is not below the session's home
}

// newStore makes room for one session in a store of this kind: "jsondir" or
// "sqlite".
func newStore(kind, home string) (store, error) {
	nothing := func() error { return nil }
	dir := filepath.Join(home, "sessions")
	switch {
	case kind == jsondir.Scheme:
		return store{kind + ":" + dir, nothing}, nil
	case kind == sqlite.Scheme:
		return store{kind + ":" + filepath.Join(dir, "sessions.db"), nothing}, nil
	}
	return store{}, fmt.Errorf("-state %s: jsondir or sqlite is expected", kind)
}

// open opens the store as it is; state.ErrNotFound says that there is none.
func (s store) open(ctx context.Context) (state.Backend, error) {
	return state.Openers{
		jsondir.Scheme: jsondir.Opener(jsondir.Options{Existing: true}),
		sqlite.Scheme:  sqlite.Opener(sqlite.Options{Existing: true}),
	}.Open(ctx, s.uri)
}
