package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// newStore returns the URI of the store for a session of this home: kind is
// "jsondir", "sqlite", or the URI of a database that sessions share.
func newStore(kind, home string) (uri string, err error) {
	dir := filepath.Join(home, "sessions")
	switch {
	case kind == jsondir.Scheme:
		return kind + ":" + dir, nil
	case kind == sqlite.Scheme:
		return kind + ":" + filepath.Join(dir, "sessions.db"), nil
	case strings.HasPrefix(kind, postgres.Scheme+"://"), strings.HasPrefix(kind, mongo.Scheme+"://"):
		return kind, nil
	}
	return "", fmt.Errorf("-state %s: jsondir, sqlite or a URI postgres://… or mongodb://… is expected", state.Redact(kind))
}

// openStore opens a store as it is; state.ErrNotFound says that there is none.
func openStore(ctx context.Context, uri string) (state.Backend, error) {
	return state.Openers{
		jsondir.Scheme:  jsondir.Opener(jsondir.Options{Existing: true}),
		sqlite.Scheme:   sqlite.Opener(sqlite.Options{Existing: true}),
		postgres.Scheme: postgres.Opener(postgres.Options{Existing: true}),
		mongo.Scheme:    mongo.Opener(mongo.Options{Existing: true}),
	}.Open(ctx, uri)
}
