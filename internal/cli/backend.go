package cli

import (
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

// location returns the URI of the backend.
func (f *stateFlags) location(a *app) (string, error) {
	uri, dir := a.origins["state"], a.origins["state-dir"]
	switch {
	case f.uri == "" && f.dir == "":
		return "jsondir:" + a.sources.Paths.Sessions(), nil
	case f.uri != "" && f.dir != "" && uri == dir && uri == config.Flag:
		return "", usagef("--state and --state-dir say the same thing: give one of them")
	case f.dir != "" && (f.uri == "" || dir > uri):
		return "jsondir:" + f.dir, nil
	}
	return f.uri, nil
}

// open opens the backend.
func (f *stateFlags) open(a *app) (state.Backend, error) {
	uri, err := f.location(a)
	if err != nil {
		return nil, err
	}
	scheme, path, ok := strings.Cut(uri, ":")
	if !ok || scheme != "jsondir" || path == "" {
		return nil, usagef("--state: this version keeps sessions in a directory: jsondir:PATH is expected, not %s", scheme)
	}
	return jsondir.Open(path, jsondir.Options{Logger: a.log})
}
