package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// stateFlags say where sessions are kept.
type stateFlags struct {
	uri string
	dir string
}

func (f *stateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.uri, "state", "", "where sessions are kept: jsondir:`PATH`")
	cmd.Flags().StringVar(&f.dir, "state-dir", "", "short for --state jsondir:`PATH` (default: sessions in the state directory)")
	must(cmd.MarkFlagDirname("state-dir"))
}

// path returns the directory that the flags name.
func (f *stateFlags) path(a *app) (string, error) {
	uri, dir := a.origins["state"], a.origins["state-dir"]
	switch {
	case f.uri == "" && f.dir == "":
		return a.sources.Paths.Sessions(), nil
	case f.uri != "" && f.dir != "" && uri == config.Flag && dir == config.Flag:
		return "", usagef("--state and --state-dir say the same thing: give one of them")
	case f.uri == "" || f.dir != "" && dir > uri:
		return f.dir, nil
	}
	scheme, path, _ := strings.Cut(f.uri, ":")
	if scheme != jsondir.Scheme || path == "" {
		return "", usagef("--state: this version keeps sessions in a directory: jsondir:PATH is expected, not %s", scheme)
	}
	return path, nil
}

// open opens the backend.
func (f *stateFlags) open(a *app) (state.Backend, error) {
	path, err := f.path(a)
	if err != nil {
		return nil, err
	}
	b, err := jsondir.Open(path, jsondir.Options{Logger: a.log})
	if err != nil {
		return nil, err // not a nil *Backend in a Backend
	}
	return b, nil
}

// openUnchanged opens the backend for a plan, which creates nothing: where there
// is no directory yet, an empty one elsewhere stands in until it is closed.
func (f *stateFlags) openUnchanged(a *app) (state.Backend, error) {
	path, err := f.path(a)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return f.open(a)
	}
	dir, err := os.MkdirTemp("", "gondola-plan-")
	if err != nil {
		return nil, err
	}
	backend, err := jsondir.Open(dir, jsondir.Options{Logger: a.log})
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
