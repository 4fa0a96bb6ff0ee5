package stores

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// URIs says in words which URIs there are.
const URIs = "jsondir:PATH, sqlite:PATH, mongodb://… or postgres://…"

// Schemes are the beginnings of the URIs that [URIs] names.
var Schemes = []string{"jsondir:", "sqlite:", "mongodb://", "mongodb+srv://", "postgres://"}

// Options say how a store is opened.
type Options struct {
	// Existing neither creates a store nor brings one of an older version up to
	// date: without a store there is [state.ErrNotFound].
	Existing bool
	// OwnCredentials keeps the user's credentials from a server whose URI has none.
	OwnCredentials bool
	OnWait         func(fault.Wait) // is called before each wait for a server; nil for none
	Logger         *slog.Logger     // nil discards
}

// Openers returns the openers of all kinds of stores.
func Openers(o Options) state.Openers {
	inPostgres := postgres.Opener(postgres.Options{Logger: o.Logger, Existing: o.Existing, OnWait: o.OnWait, OwnCredentials: o.OwnCredentials})
	inMongo := mongo.Opener(mongo.Options{Logger: o.Logger, Existing: o.Existing, OnWait: o.OnWait, OwnCredentials: o.OwnCredentials})
	return state.Openers{
		jsondir.Scheme:       jsondir.Opener(jsondir.Options{Logger: o.Logger, Existing: o.Existing}),
		sqlite.Scheme:        sqlite.Opener(sqlite.Options{Logger: o.Logger, Existing: o.Existing}),
		postgres.Scheme:      inPostgres,
		postgres.SchemeAlias: inPostgres,
		mongo.Scheme:         inMongo,
		mongo.SchemeSRV:      inMongo,
	}
}

// OpenUnchanged opens the store that a URI names for what creates nothing, such as
// a plan: where there is none yet, an empty directory elsewhere stands in until it
// is closed.
func OpenUnchanged(ctx context.Context, uri string, o Options) (state.Backend, error) {
	o.Existing = true
	backend, err := Openers(o).Open(ctx, uri)
	if !errors.Is(err, state.ErrNotFound) {
		return backend, err
	}
	dir, err := os.MkdirTemp("", "gondola-nothing-")
	if err != nil {
		return nil, err
	}
	backend, err = jsondir.Open(dir, jsondir.Options{Logger: o.Logger})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return standIn{backend, dir}, nil
}

// standIn is a backend whose directory ends with it.
type standIn struct {
	state.Backend
	dir string
}

func (s standIn) Close() error { return errors.Join(s.Backend.Close(), os.RemoveAll(s.dir)) }

// Directory returns the URI of sessions in a directory.
func Directory(path string) string { return jsondir.Scheme + ":" + path }

// CheckSessionID returns a fault that says why not every kind of store can have a
// session of that id.
func CheckSessionID(id string) error { return jsondir.CheckSessionID(id) }

// Files are what a store keeps on this machine: nothing, if it is a server.
type Files struct {
	Dir   string // is written in
	Path  string // holds the sessions
	Temps string // may hold what interrupted writes left
}

// FilesOf returns the files of the store that a URI names.
func FilesOf(uri string) Files {
	scheme, path, _ := strings.Cut(uri, ":")
	switch strings.ToLower(scheme) {
	case jsondir.Scheme:
		return Files{Dir: path, Path: path, Temps: path}
	case sqlite.Scheme:
		return Files{Dir: filepath.Dir(path), Path: path}
	}
	return Files{}
}
