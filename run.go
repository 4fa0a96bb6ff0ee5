package gondola

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// Run is a run that goes on: it can be watched, paused and given other limits.
// Make it with [Start]. Its methods are safe for concurrent use, and do nothing
// when the run has ended.
type Run struct {
	engine   *engine.Run
	from, to string
	bus      *progress.Bus

	done    chan struct{}
	summary *Summary
	err     error
}

// Start begins to carry what Options say, and returns at once. It fails if the
// options are wrong or the backend does not answer; everything else [Run.Wait]
// returns. The run ends early when ctx does, with everything saved. [Run.Wait] has
// to be called, or ctx to end, before the backend is closed.
func Start(ctx context.Context, o Options) (*Run, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	own := o.Bus == nil
	if own {
		o.Bus = new(progress.Bus)
	}
	e, err := engine.New(ctx, o.engine())
	if err != nil {
		return nil, err
	}
	r := &Run{engine: e, from: o.Source.Name(), to: o.Destination.Name(), bus: o.Bus, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		result, err := e.Do(ctx)
		r.summary, r.err = r.summarize(ctx, result, err), err
		if own {
			o.Bus.Close()
		}
	}()
	return r, nil
}

// engine returns the options as the engine takes them.
func (o Options) engine() engine.Options {
	return engine.Options{
		Source: o.Source, Destination: o.Destination, Backend: o.Backend,
		SessionID: o.SessionID, Question: session.Question(o.question()), Zone: o.Zone, BatchSize: o.BatchSize,
		Transfers: o.Transfers, Download: o.Download, Upload: o.Upload, FailFast: o.FailFast,
		StageStart: o.Hooks.StageStart, StageComplete: o.Hooks.StageComplete,
		Publish: o.publish(),
		Log:     cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
	}
}

func (o Options) publish() func(progress.Event) {
	if o.Bus == nil {
		return nil
	}
	return o.Bus.Publish
}

// SessionID returns the id of the session that is run.
func (r *Run) SessionID() string { return r.engine.ID() }

// Subscribe returns a subscription to the events from now on, with a buffer of so
// many: see [progress.Bus.Subscribe]. To miss none, subscribe to a bus of your own
// and give it to the options.
func (r *Run) Subscribe(size int, overflow progress.Overflow) *progress.Subscription {
	return r.bus.Subscribe(size, overflow)
}

// Progress returns the run as it is now.
func (r *Run) Progress() progress.Snapshot { return r.engine.Snapshot() }

// Pause lets no further file start and interrupts large ones, which go on from the
// byte that the destination has confirmed. Small files in flight are finished;
// listing and registering go on.
func (r *Run) Pause() { r.engine.Slots().Pause() }

// Resume ends a pause.
func (r *Run) Resume() { r.engine.Slots().Resume() }

// SetTransfers sets how many files may be in flight at once; 0 finds out how many
// fill the line. Files in flight are finished.
func (r *Run) SetTransfers(n int) { r.engine.Slots().SetFixed(n) }

// SetLimits sets the limits of both legs; nil is none. Reads that wait for their
// turn under the limit before are finished under it.
func (r *Run) SetLimits(download, upload Limiter) { r.engine.Limits().Set(download, upload) }

// Waiting publishes a wait that a station or the backend reports, and adds it to
// the progress. It fits the OnWait options of clients and stores.
func (r *Run) Waiting(w fault.Wait) { r.engine.Waiting(w) }

// Wait waits until the run has ended and returns what [Sync] does.
func (r *Run) Wait() (*Summary, error) {
	<-r.done
	return r.summary, r.err
}

// Done is closed when the run has ended.
func (r *Run) Done() <-chan struct{} { return r.done }

func (r *Run) summarize(ctx context.Context, result *engine.Result, err error) *Summary {
	if result == nil {
		return nil
	}
	return &Summary{
		SessionID: r.SessionID(),
		From:      r.from, To: r.to,
		Account:  result.Account,
		Outcome:  outcomeOf(ctx, err, result.Items),
		Items:    result.Items,
		Moved:    result.Moved,
		Remarks:  result.Remarks,
		Warnings: result.Warnings,
		Requests: result.Requests,
	}
}

func outcomeOf(ctx context.Context, err error, c state.Counts) Outcome {
	switch {
	case err == nil && c.Outcomes[state.OutcomeFailed]+c.Outcomes[state.OutcomePending] > 0:
		return OutcomePartial
	case err == nil:
		return OutcomeComplete
	case ctx.Err() != nil:
		return OutcomeInterrupted
	}
	switch fault.CodeOf(err) {
	case fault.Auth, fault.Scope:
		return OutcomeAuth
	case fault.Quota, fault.Storage:
		return OutcomeQuota
	}
	return OutcomeFailed
}
