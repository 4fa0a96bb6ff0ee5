package cli

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/doctor"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// doctorFlags say what doctor looks at.
type doctorFlags struct {
	state    stateFlags
	services serviceFlags
}

func newDoctor(a *app) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything a run depends on, and say what helps",
		Long: `Check everything a run depends on: the clock, the disk, who may read credentials
and state, the credentials and how long they live, the services step by step, the
daily quota, the stored sessions, their locks and what interrupted writes left.
Each finding says why it matters and what helps. Nothing is repaired; no check
takes longer than ten seconds.

The exit code is 0 if there is no problem, 4 if logging in mends all there are,
else 1.`,
		Example: `  gondola doctor
  gondola doctor --json | jq 'select(.level == "problem")'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), &f) },
	}
	f.state.add(cmd)
	f.services.add(cmd)
	return cmd
}

func (a *app) doctor(ctx context.Context, f *doctorFlags) error {
	checks, err := a.checks(ctx, f)
	if err != nil {
		return err
	}
	findings, err := doctor.Run(ctx, checks, doctor.Options{Waiting: func(names []string) {
		fmt.Fprintln(a.talk(), "still checking: "+strings.Join(names, ", "))
	}})
	if err != nil {
		return err
	}
	for i := range findings {
		f := &findings[i]
		f.What, f.Remedy = a.redact(f.What), a.redact(f.Remedy)
	}
	verdict := verdictOn(findings)
	a.reportFindings(findings, verdict)
	return told(verdict)
}

// checks are all that doctor looks at. It fails for settings that make no sense.
func (a *app) checks(ctx context.Context, f *doctorFlags) ([]doctor.Check, error) {
	uri, err := f.state.where(a)
	if err == nil {
		err = a.checkState(uri)
	}
	if err != nil {
		return nil, err
	}
	pair, err := a.googleFiles(&f.services, "")
	if err != nil {
		return nil, err
	}
	services, err := f.endpoints(pair)
	if err != nil {
		return nil, err
	}
	token, tokenErr := a.goproToken(ctx, &f.services, "")
	if isUsage(tokenErr) {
		return nil, tokenErr
	}
	files := stateFilesOf(uri)
	open := func(ctx context.Context) (state.Backend, error) { return a.openState(ctx, uri, looking) }
	secrets := a.secretFiles(pair, token)
	checks := []doctor.Check{doctor.Clock(services, a.now)}
	if files.dir != "" {
		checks = append(checks, doctor.Disk(files.dir), doctor.Writable(files.dir))
	}
	checks = append(checks,
		doctor.State(state.Redact(uri), open),
		doctor.Private(secrets, files.path),
		doctor.GoPro(token.From, func(ctx context.Context) (items int, err error) {
			if err = tokenErr; err == nil {
				items, _, err = a.askGoPro(ctx, &f.services, token)
			}
			return items, err
		}),
		doctor.Google(a.askGoogle(pair), a.now),
	)
	for _, service := range services {
		checks = append(checks, doctor.Endpoint(service))
	}
	return append(checks,
		doctor.Quota(a.now(), gphotos.QuotaReset(a.now())),
		doctor.Sessions(open),
		doctor.Locks(open),
		doctor.Leftovers(files.temps, secrets, a.now()),
	), nil
}

// endpoints are the services that a run talks to, each host once.
func (f *doctorFlags) endpoints(pair googleFiles) ([]doctor.Service, error) {
	goproURL, err := endpoint("--gopro-url", f.services.goproURL)
	if err != nil {
		return nil, err
	}
	photosURL, err := endpoint("--gphotos-url", f.services.gphotosURL)
	if err != nil {
		return nil, err
	}
	all := []doctor.Service{{Name: "the GoPro API", URL: goproURL}, {Name: "Google Photos", URL: photosURL}}
	if goproURL == gopro.DefaultBaseURL {
		all = append(all, doctor.Service{Name: "the GoPro CDN", URL: "https://media-cdn-vod.gopro.com", Optional: true})
	}
	if client, err := auth.ReadClient(pair.Client); err == nil { // else told by the login
		all = append(all, doctor.Service{Name: "Google's tokens", URL: client.TokenURI})
	}
	seen := map[string]bool{}
	var once []doctor.Service
	for _, s := range all {
		u, err := url.Parse(s.URL)
		if err == nil && !seen[u.Host] {
			seen[u.Host] = true
			once = append(once, s)
		}
	}
	return once, nil
}

// stateFiles are what a store keeps on this machine: nothing, if it is a server.
type stateFiles struct {
	dir   string // is written in
	path  string // holds the sessions
	temps string // may hold what interrupted writes left
}

func stateFilesOf(uri string) stateFiles {
	scheme, path, _ := strings.Cut(uri, ":")
	switch strings.ToLower(scheme) {
	case jsondir.Scheme:
		return stateFiles{dir: path, path: path, temps: path}
	case sqlite.Scheme:
		return stateFiles{dir: filepath.Dir(path), path: path}
	}
	return stateFiles{}
}

// secretFiles are the files that hold credentials, whether they exist or not.
func (a *app) secretFiles(pair googleFiles, token config.Secret) []string {
	paths := []string{pair.Client, pair.Token, a.sources.Paths.GoProToken()}
	switch {
	case token.File != "" && token.File != paths[2]:
		paths = append(paths, token.File) // what a _FILE variable names
	case token.File == "" && token.Origin == config.DotEnv:
		paths = append(paths, filepath.Join(a.dir, ".env"))
	}
	return slices.DeleteFunc(paths, func(path string) bool { return path == "" })
}

// askGoPro tells how much the account of a token holds, and that the token is
// good.
func (a *app) askGoPro(ctx context.Context, f *serviceFlags, token config.Secret) (items int, bytes int64, err error) {
	client, err := a.goproClient(f, token, gopro.Options{Retry: hurried})
	if err != nil {
		return 0, 0, err
	}
	account, err := client.User(ctx)
	return account.Items, account.Bytes, err
}

func (a *app) askGoogle(pair googleFiles) func(context.Context) (auth.Status, error) {
	return func(ctx context.Context) (auth.Status, error) {
		login, err := a.readGoogle(pair)
		if err != nil {
			return auth.Status{}, err
		}
		return auth.NewTokens(login).Status(ctx, true)
	}
}
