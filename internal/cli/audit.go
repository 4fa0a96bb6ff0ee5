package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// auditFlags are the flags of audit.
type auditFlags struct {
	state    stateFlags
	services serviceFlags
	at       []string
	deep     bool
	wait     time.Duration
}

func newAudit(a *app) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "audit [SOURCE]",
		Short: "Find what is at the source and at no destination: is it safe to cancel?",
		Long: `Find what is at the source, by default gopro:, and at no destination. The source is
listed to its proven end. Each item is looked for at every destination that the
sessions of this store know, and in the folders that --at names.

Only what is seen now counts: a file in a folder by its size and time, or with
--deep by its bytes; an item in Google Photos if the library has it and it is ready,
50 with one call. What folders hold is not asked for in Google Photos. What was
skipped, such as a video that the source still processes, is at risk.

The exit code is 0 if every item is at a destination, 7 if any is left, 1 if the
source could not be listed to its end, so that nothing can be said, and 4 or 5 if a
destination that may hold items could not be asked for lack of credentials or quota.`,
		Example: `  gondola audit
  gondola audit gopro@anna: --at /mnt/backup --deep
  gondola audit --json | jq -r 'select(.type == "audit") | .name'`,
		Args: arguments(0, 1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeStations(cmd, known.Filter(registry.Kind.IsSource)), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from := defaultFrom
			if len(args) > 0 {
				from = args[0]
			}
			return a.withBackend(cmd.Context(), f.state, func(b state.Backend) error { return a.audit(cmd.Context(), &f, b, from) })
		},
	}
	f.add(cmd)
	return cmd
}

func (f *auditFlags) add(cmd *cobra.Command) {
	f.state.add(cmd)
	f.services.add(cmd, known, registry.AsSource)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.at, "at", nil, "look also into this `FOLDER`, which a session of another store may have filled; may be repeated")
	flags.BoolVar(&f.deep, "deep", false, "of a folder: read every byte again")
	flags.DurationVar(&f.wait, "wait", 15*time.Minute, "wait at most this `TIME` in all for videos that are still processed; 0 to not wait")
	must(cmd.MarkFlagDirname("at"))
	must(cmd.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions([]cobra.Completion{"0", "15m", "2h"}, cobra.ShellCompDirectiveNoFileComp)))
}

// places returns the stations that --at names.
func (f *auditFlags) places(source registry.URI) (places []registry.URI, err error) {
	if f.wait < 0 {
		return nil, usagef("--wait %v: a time from 0 is expected", f.wait)
	}
	for _, text := range f.at {
		uri, err := known.Parse(text)
		if err == nil && uri.Path == "" {
			err = usagef("--at %q: a folder is expected; other destinations are known by their sessions", text)
		}
		if err == nil && uri.Overlaps(source) {
			err = usagef("--at %q overlaps the source: it proves nothing about it", text)
		}
		if err != nil {
			return nil, err
		}
		places = append(places, uri)
	}
	return places, nil
}

// errEnough ends a verification that has begun.
var errEnough = errors.New("enough")

// check fails unless a folder is there and something was carried into it.
func (f *auditFlags) check(ctx context.Context, e *registry.Env, uri registry.URI) error {
	verifier, ok := f.services.openers.Of(uri.Scheme).(registry.Verifier)
	if !ok {
		return usagef("--at %s: it keeps no record to look into", uri)
	}
	_, err := verifier.Verify(ctx, e, uri, registry.VerifyOptions{Each: func(registry.VerifiedFile) error { return errEnough }})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// audit audits a source and reports what came of it.
func (a *app) audit(ctx context.Context, f *auditFlags, backend state.Backend, from string) error {
	uri, err := known.Parse(from)
	if err != nil {
		return err
	}
	at, err := f.places(uri)
	if err != nil {
		return err
	}
	a.sayOnInterrupt("Stopping. Nothing was changed.")
	began := a.now()
	view := newAuditView(a, uri, f.deep)
	source, err := a.openSource(ctx, from, &f.services, sourceQuality)
	var names []string
	for _, place := range at {
		names = append(names, place.String())
		err = errors.Join(err, f.check(ctx, a.env(), place))
	}
	if err != nil && isUsage(err) {
		return err
	}
	if err != nil {
		return view.report(&audit.Result{}, err, a.now().Sub(began))
	}
	view.begun = true
	result, err := audit.Run(ctx, audit.Options{
		Source: source, Backend: backend, At: names, Wait: f.wait, Log: a.log,
		All: a.global.verbose,
		Open: func(ctx context.Context, name string) (station.Destination, error) {
			return a.auditPlace(ctx, f, uri, name)
		},
		Each:    view.item,
		Notice:  view.notice,
		Waiting: a.showWait,
	})
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	return view.report(result, err, a.now().Sub(began))
}

// auditPlace opens a destination to look into, or returns nil for one that overlaps
// the source.
func (a *app) auditPlace(ctx context.Context, f *auditFlags, source registry.URI, name string) (station.Destination, error) {
	if uri, err := known.Parse(name); err == nil && uri.Overlaps(source) {
		return nil, nil
	}
	to, err := a.openDestination(ctx, name, &f.services, registry.DestinationOptions{Deep: f.deep})
	if err != nil {
		return nil, err
	}
	return to.Destination, nil
}
