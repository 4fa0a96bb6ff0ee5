package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/station"
)

func newSync(a *app) *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "sync [FROM TO]",
		Short: "Carry what was captured in a window, or go on where it stopped",
		Long: `Carry what was captured in a window from one station to another; by default
everything from gopro: to gphotos:. The same command goes on where it stopped,
after anything at all, and carries nothing twice.

Ctrl-C saves and leaves within 10 seconds; a second one leaves at once. Both
are safe.`,
		Example: `  gondola sync --start 2026-01-08 --end 2026-01-09
  gondola sync --start 30d --type video --bwlimit 4M
  gondola sync --dry-run`,
		Args:              arguments(0, 2),
		ValidArgsFunction: a.completeRoute,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sync(cmd.Context(), &flags, args)
		},
	}
	flags.add(a, cmd)
	return cmd
}

// sync runs a sync and reports what came of it, whatever that is.
func (a *app) sync(ctx context.Context, f *syncFlags, args []string) error {
	r := report{from: defaultFrom, to: defaultTo, sessionID: f.sessionID, onStore: a.onStore}
	err := a.carry(ctx, f, args, &r)
	if r.backend != nil {
		defer r.backend.Close()
	}
	if f.dryRun && err == nil {
		return nil
	}
	r.err = err
	r.retry = a.retryCommand(r)
	a.last = r.line(a.redact)
	return a.report(ctx, r)
}

// carry resolves what the flags mean and carries, or plans.
func (a *app) carry(ctx context.Context, f *syncFlags, args []string, r *report) error {
	o, limit, err := a.syncOptions(ctx, f, args, r)
	if err != nil {
		return err
	}
	if len(args) == 0 && f.sessionID != "" {
		a.resumeRoute(ctx, f, r)
	}
	to, err := a.openStations(ctx, f, r, &o)
	if err != nil {
		return err
	}
	open := f.state.open
	if f.dryRun {
		open = f.state.openUnchanged
	}
	if r.backend, err = open(ctx, a); err != nil {
		return err
	}
	o.Backend = r.backend
	if err := cmp.Or(a.resumeQuality(ctx, f, r, &o), a.resumeLayout(ctx, f, r, &o)); err != nil {
		return err
	}
	if f.dryRun {
		return a.plan(ctx, o, limit)
	}
	a.sayOnInterrupt("Stopping: saving what was achieved, at most 10 seconds. Once more leaves at once; both are safe.")
	summary, err := a.run(ctx, o)
	if r.summary = summary; summary != nil {
		r.sessionID = summary.SessionID
	}
	if err == nil {
		if err := rememberAccount(context.WithoutCancel(ctx), to, r.backend, summary.SessionID); err != nil {
			a.log.Warn("the account may not be recognised at the next login", "error", err)
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.Join(err, context.Cause(ctx))
	case err == nil && summary.Outcome == gondola.OutcomePartial:
		return errPartial
	}
	return err
}

// run carries, and shows it meanwhile.
func (a *app) run(ctx context.Context, o gondola.Options) (*gondola.Summary, error) {
	o.Bus = new(progress.Bus)
	watching := watch(o.Bus, a.watchers()...)
	defer watching.stop()
	r, err := gondola.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	watching.show(r.Progress)
	a.waits.to(r.Waiting)
	defer a.waits.to(a.showWait)
	return r.Wait()
}

// syncOptions turns flags into options, without touching anything. limit is
// the rate in bytes a second that holds now, or 0.
func (a *app) syncOptions(ctx context.Context, f *syncFlags, args []string, r *report) (o gondola.Options, limit int64, err error) {
	if r.from, r.to, err = route(args); err != nil {
		return o, 0, err
	}
	if o.Window, o.Filter, err = f.pick.resolve(r.from, a.now()); err != nil {
		return o, 0, err
	}
	if o.Transfers, err = f.inFlight(); err != nil {
		return o, 0, err
	}
	if r.quality, err = f.services.wanted(a.origins); err != nil {
		return o, 0, err
	}
	if limit, err = f.limit(&o, a.now()); err != nil {
		return o, 0, err
	}
	if err = f.validate(); err != nil {
		return o, 0, err
	}
	uri, err := f.state.where(a)
	if err == nil {
		err = a.checkState(uri)
	}
	if err != nil {
		return o, 0, err
	}
	o.SessionID, o.Album, o.BatchSize, o.FailFast = f.sessionID, f.album, f.batchSize, f.failFast
	if r.sessionID == "" {
		r.sessionID = gondola.DeriveSessionID(gondola.Question{
			From: canonical(r.from), To: canonical(r.to), Window: o.Window, Filter: o.Filter, Album: o.Album, Quality: r.quality, Layout: f.layout,
		})
	}
	o.Logger = a.log
	return o, limit, nil
}

// openStations opens both stations, and returns the destination; nothing is sent
// yet.
func (a *app) openStations(ctx context.Context, f *syncFlags, r *report, o *gondola.Options) (to *registry.OpenDestination, err error) {
	if o.Source, err = a.openSource(ctx, r.from, &f.services, r.quality); err != nil {
		return nil, err
	}
	return a.openTo(ctx, f, r, o, f.layout)
}

// openTo opens the destination with a layout.
func (a *app) openTo(ctx context.Context, f *syncFlags, r *report, o *gondola.Options, layout string) (to *registry.OpenDestination, err error) {
	zone, err := f.services.zone()
	if err != nil {
		return nil, err
	}
	to, err = a.openDestination(ctx, r.to, &f.services, registry.DestinationOptions{ChunkMultiplier: f.chunkMultiplier, Layout: layout, Zone: zone})
	if err != nil {
		return nil, err
	}
	if _, ok := to.Destination.(station.Arranger); !ok && layout != "" {
		return nil, usagef("--layout: %s lays nothing out; leave it out", r.to)
	}
	o.Destination = to.Destination
	return to, nil
}

// resumeLayout opens the destination with the layout that a named session keeps,
// unless the command asks for one.
func (a *app) resumeLayout(ctx context.Context, f *syncFlags, r *report, o *gondola.Options) error {
	if f.sessionID == "" || f.layout != "" {
		return nil
	}
	stored, err := o.Backend.Session(ctx, f.sessionID)
	if err != nil || stored.Layout == "" {
		return ctx.Err() // what else is wrong with the session, the run says
	}
	_, err = a.openTo(ctx, f, r, o, stored.Layout)
	return err
}

// resumeRoute takes the stations of a command that names a session and no stations
// from that session, if there is one. What is wrong with it, the run says.
func (a *app) resumeRoute(ctx context.Context, f *syncFlags, r *report) {
	backend, err := f.state.openUnchanged(ctx, a)
	if err != nil {
		return
	}
	defer backend.Close()
	stored, err := backend.Session(ctx, f.sessionID)
	if err != nil {
		return
	}
	if _, _, err := known.Route(stored.From, stored.To); err == nil {
		r.from, r.to = stored.From, stored.To
	}
}

// resumeQuality opens the source in the quality that a named session keeps,
// unless the command asks for one.
func (a *app) resumeQuality(ctx context.Context, f *syncFlags, r *report, o *gondola.Options) error {
	if f.sessionID == "" || a.origins["quality"] > config.Default || a.origins["prefer-height"] > config.Default {
		return nil
	}
	stored, err := o.Backend.Session(ctx, f.sessionID)
	if err != nil || stored.Quality == "" || stored.Quality == sourceQuality {
		return ctx.Err() // what else is wrong with the session, the run says
	}
	o.Source, err = a.openSource(ctx, r.from, &f.services, stored.Quality)
	return err
}

// watchers are what shows a run in the chosen format.
func (a *app) watchers() []watcher {
	shown := []watcher{jsonLines{a}}
	if a.global.quiet {
		return shown
	}
	text := &plain{out: a.screen, verbose: a.global.verbose, redact: a.redact, now: a.now}
	shown = append(shown, text)
	if a.animated() && !(a.print.Format == render.JSON && isTerminal(a.stdout.Target())) {
		text.silent = true
		shown = append(shown, newLive(a.screen, a.redact))
	}
	return shown
}

// report writes what a run has come to, in the chosen format.
func (a *app) report(ctx context.Context, r report) error {
	ctx = context.WithoutCancel(ctx)
	defer func() { a.print.JSON(r.line(a.redact)) }()
	err := a.print.TSV(func(w io.Writer) error { return r.writeItems(ctx, w) })
	if err != nil && !render.IsOutput(err) {
		r.err = errors.Join(r.err, err)
	}
	if r.err != nil && !errors.Is(r.err, errPartial) {
		a.complain(r.err)
	}
	if r.summary != nil {
		r.writeText(ctx, a.result(), a.redact)
	}
	return told(r.err)
}

// writeItems writes q2google's table of a run's items; of a run that opened no
// session there are none.
func (r report) writeItems(ctx context.Context, w io.Writer) error {
	if r.summary == nil {
		return writeTSV(ctx, w, nil, "")
	}
	return writeTSV(ctx, w, r.backend, r.sessionID)
}

// retryCommand is the command that goes on where this one stopped: the same,
// with the session by name. A time before now is left out, since it means
// another window tomorrow, and the session keeps its own.
func (a *app) retryCommand(r report) string {
	if isUsage(r.err) {
		return ""
	}
	args := a.args
	named := slices.ContainsFunc(args, func(arg string) bool {
		return arg == "--session-id" || strings.HasPrefix(arg, "--session-id=")
	})
	if !named && r.summary != nil {
		named = true
		args = append(slices.Clone(args), "--session-id", r.summary.SessionID)
	}
	if named {
		args = withoutRelativeTimes(args)
	}
	words := []string{"gondola"}
	for _, arg := range args {
		if arg != "--dry-run" && arg != "-n" {
			words = append(words, quoted(withoutPassword(arg)))
		}
	}
	return strings.Join(words, " ")
}

// relativeTime is the flag of a time before now, and its value.
var relativeTime = regexp.MustCompile(`^--(?:start|end)=[0-9]+(?:h|d|w|mo|y)$`)

func withoutRelativeTimes(args []string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		if relativeTime.MatchString(strings.ToLower(args[i])) {
			continue
		}
		if i+1 < len(args) && relativeTime.MatchString(strings.ToLower(args[i]+"="+args[i+1])) {
			i++
			continue
		}
		kept = append(kept, args[i])
	}
	return kept
}
