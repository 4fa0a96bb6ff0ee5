package cli

import (
	"context"
	"time"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/state"
)

// watchSession shows the run of a session each second until it ends, and then
// where the session stands.
func (a *app) watchSession(ctx context.Context, backend state.Backend, id string) error {
	if _, err := a.session(ctx, backend, id); err != nil {
		return err
	}
	if err := a.watchRun(ctx, backend, id); err != nil {
		return err
	}
	return a.sessionStatus(ctx, backend, id)
}

func (a *app) watchRun(ctx context.Context, backend state.Backend, id string) error {
	show, end := a.runWatcher(id)
	defer end()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		r, err := observe.Find(ctx, backend, id)
		if err != nil || r == nil {
			return err
		}
		show(r)
		if err := a.stdout.Failure(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// runWatcher returns a function that shows a run in the chosen format, and one
// that takes down what that has put up.
func (a *app) runWatcher(id string) (show func(*observe.Run), end func()) {
	if a.animated() && a.print.Format != render.JSON {
		l := newLive(a.screen, a.redact)
		return func(r *observe.Run) { l.run(r, a.now()) }, l.close
	}
	return func(r *observe.Run) {
		now := a.now()
		a.print.Print(runLine{"run", id, newRunObject(r, now, a.redact), a.redact(cell(watchText(r, now)))})
	}, func() {}
}

// watchText says in a line how far a run is.
func watchText(r *observe.Run, now time.Time) string {
	if r.Seen == nil || r.Stale(now) || r.Seen.Paused {
		return runText(r, now)
	}
	text := progressText(*r.Seen)
	for _, wait := range currentWaits(r.Seen, now) {
		text += ", " + waiting(wait, now)
	}
	return text
}
