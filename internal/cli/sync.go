package cli

import (
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
	"github.com/gondola-sync/gondola/progress"
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

// carry carries what the flags ask for, or plans.
func (a *app) carry(ctx context.Context, f *syncFlags, args []string, r *report) error {
	request, err := a.request(f, args, r)
	if err != nil {
		return err
	}
	limit, err := f.limit(&request, a.now())
	if err != nil {
		return err
	}
	if err := f.validate(); err != nil {
		return err
	}
	job, err := a.job(f, request)
	if err != nil {
		return err
	}
	err = job.Open(ctx)
	r.from, r.to, r.sessionID, r.backend = job.From, job.To, job.SessionID, job.Backend
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.plan(ctx, job, limit)
	}
	a.sayOnInterrupt("Stopping: saving what was achieved, at most 10 seconds. Once more leaves at once; both are safe.")
	r.summary, err = a.run(ctx, job)
	r.sessionID = job.SessionID
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.Join(err, context.Cause(ctx))
	case err == nil && r.summary.Outcome == gondola.OutcomePartial:
		return errPartial
	}
	return err
}

// run carries, and shows it meanwhile.
func (a *app) run(ctx context.Context, job *registry.Job) (*gondola.Summary, error) {
	bus := new(progress.Bus)
	watching := watch(bus, a.watchers()...)
	defer watching.stop()
	r, err := job.Start(ctx, bus)
	if err != nil {
		return nil, err
	}
	watching.show(r.Progress)
	a.waits.to(r.Waiting)
	defer a.waits.to(a.showWait)
	return r.Wait()
}

// request returns what flags and arguments ask for. Nothing is touched.
func (a *app) request(f *syncFlags, args []string, r *report) (request registry.Request, err error) {
	if r.from, r.to, err = route(args); err != nil {
		return request, err
	}
	request = registry.Request{
		From: r.from, To: r.to, AnyRoute: len(args) == 0,
		SessionID: f.sessionID, Album: f.album, MirrorAlbums: f.albums == albumsMirror,
		BatchSize: f.batchSize, ChunkMultiplier: f.chunkMultiplier, FailFast: f.failFast, Unchanged: f.dryRun,
	}
	if request.Window, request.Filter, err = f.pick.resolve(r.from, a.now()); err != nil {
		return request, err
	}
	if request.Transfers, err = f.inFlight(); err != nil {
		return request, err
	}
	if request.Quality, err = f.services.wanted(a.origins); err != nil {
		return request, err
	}
	request.Zone, err = f.services.zone()
	return request, err
}

// job returns the job of a request in the store that the flags name.
func (a *app) job(f *syncFlags, request registry.Request) (*registry.Job, error) {
	c := a.controller(&f.services)
	var err error
	if c.Store, err = f.state.where(a); err != nil {
		return nil, err
	}
	return c.Job(request), c.Env.CheckStore(c.Store)
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
	r.err = a.traced(r.err)
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
	return reported(r.err)
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
