package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
)

// Opening says how far opening a store may go.
type Opening int

// The ways to open a store.
const (
	// Making creates a store that is not there, and brings one that an older
	// version wrote up to date.
	Making Opening = iota
	// Looking does neither: without a store there is state.ErrNotFound.
	Looking
	// Unchanged does neither, and without a store an empty directory elsewhere
	// stands in until it is closed: for what creates nothing, such as a plan.
	Unchanged
)

// StoreSettings say where sessions are kept: the values of the flags state and
// state-dir.
type StoreSettings struct{ URI, Dir string }

// StoreURI returns the URI of the store that settings name; by default that of the
// user's directory of sessions.
func (e *Env) StoreURI(s StoreSettings) (string, error) {
	uri, dir := e.Origins["state"], e.Origins["state-dir"]
	switch {
	case s.URI == "" && s.Dir == "":
		sessions, err := e.Sources.Paths.Sessions()
		return stores.Directory(sessions), err
	case s.URI != "" && s.Dir != "" && uri == config.Flag && dir == config.Flag:
		return "", usagef("--state and --state-dir are mutually exclusive")
	case s.URI == "" || s.Dir != "" && dir > uri:
		if strings.Contains(s.Dir, "://") {
			return "", usagef("--state-dir is a directory; give a URI with --state")
		}
		return stores.Directory(s.Dir), nil
	}
	return s.URI, nil
}

// CheckStore returns a usage error for a URI that names no kind of store that there
// is, or is malformed. Nothing is opened.
func (e *Env) CheckStore(uri string) error {
	return e.storeUsage(uri, stores.Openers(stores.Options{Logger: e.Log}).Check(uri))
}

// OpenStore opens the store that a URI names. A store that .env names gets no
// credentials but those that are in its URI.
func (e *Env) OpenStore(ctx context.Context, uri string, how Opening) (state.Backend, error) {
	for _, secret := range state.Credentials(uri) {
		e.Learn(secret)
	}
	o := stores.Options{Existing: how == Looking, OwnCredentials: e.fromDotEnv(uri), OnWait: e.OnWait, Logger: e.Log}
	if how == Unchanged {
		backend, err := stores.OpenUnchanged(ctx, uri, o)
		return backend, e.storeUsage(uri, err)
	}
	backend, err := stores.Openers(o).Open(ctx, uri)
	return backend, e.storeUsage(uri, err)
}

// fromDotEnv reports whether .env names a store.
func (e *Env) fromDotEnv(uri string) bool { return uri != "" && uri == e.DotEnvStore }

// storeUsage makes a usage error of that of a malformed URI.
func (e *Env) storeUsage(uri string, err error) error {
	if !errors.Is(err, state.ErrURI) {
		return err
	}
	if e.fromDotEnv(uri) {
		err = fmt.Errorf("the store that .env names: %w", err)
	}
	return &config.UsageError{Message: err.Error(), Err: err}
}
