package engine

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/describe"
	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/engine/register"
	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Options say what to run. Source, Destination, Backend and Log are required.
type Options struct {
	Source      station.Source
	Destination station.Destination
	Backend     state.Backend

	SessionID string // "" finds or derives it
	Question  session.Question
	Zone      *time.Location // in which the title of an album shows capture times; nil for the system's
	BatchSize int            // items per create call; 0 or too large means the destination's most

	Transfers        int          // files in flight; 0 finds out how many fill the line
	Download, Upload flow.Limiter // nil for no limit
	FailFast         bool

	StageStart    func(ctx context.Context, stage state.Stage) error
	StageComplete func(ctx context.Context, stage state.Stage, s *state.Session, created []station.BatchResult, err error) error
	Publish       func(progress.Event) // nil publishes nothing
	Log           *slog.Logger
}

func (o Options) asked(m *monitor.Monitor) session.Asked {
	return session.Asked{
		ID: o.SessionID, Question: o.Question,
		BatchSize: o.BatchSize, MostBatch: o.Destination.Limits().Batch,
		Notice: m.Notice,
	}
}

// findSession returns the id of the session that the options name, or that answers
// their question.
func (o Options) findSession(ctx context.Context) (string, error) {
	if o.SessionID != "" {
		return o.SessionID, nil
	}
	return session.Find(ctx, o.Backend, o.Question, o.Source.Origin)
}

// Run is one invocation on one session. Make it with New; its methods are safe for
// concurrent use.
type Run struct {
	o       Options
	id      string
	monitor *monitor.Monitor
	slots   *flow.Slots
	limits  *flow.Limits
	repeats *repeats.Repeats

	listed   chan struct{} // closed when discovery has ended
	found    foundOut
	answered []station.BatchResult // for the hook; the create stage alone touches it

	// Set when the session is open.
	session   *session.Session
	filing    filing.Plan
	stages    *stages
	describer *describe.Describer
	unlock    func() error // the destination
	altered   []string     // warnings of items that were changed at the destination
}

// foundOut is what discovery found out, to be read when it has ended.
type foundOut struct {
	unstored int
	unread   int // parts of the source that it could not read
	warnings []string
}

// Result is what a run came to.
type Result struct {
	Account  string       // of the destination; "" until known
	Items    state.Counts // of the whole session, earlier runs included
	Moved    progress.Moved
	Remarks  int
	Warnings []string
	Requests map[string]int64
}

// New returns a run on the session that the options name or derive.
func New(ctx context.Context, o Options) (*Run, error) {
	id, err := o.findSession(ctx)
	if err != nil {
		return nil, err
	}
	r := &Run{
		o: o, id: id,
		monitor: monitor.New(o.Log, o.Publish),
		slots:   flow.NewSlots(o.Transfers, o.Log),
		limits:  new(flow.Limits),
		repeats: repeats.New(),
		listed:  make(chan struct{}),
		unlock:  func() error { return nil },
	}
	r.limits.Set(o.Download, o.Upload)
	return r, nil
}

// ID returns the id of the session.
func (r *Run) ID() string { return r.id }

// Slots lets files start.
func (r *Run) Slots() *flow.Slots { return r.slots }

// Limits pace the bytes.
func (r *Run) Limits() *flow.Limits { return r.limits }

// Waiting publishes a wait of a station or the backend.
func (r *Run) Waiting(w fault.Wait) { r.monitor.Waiting(w) }

// Snapshot returns the run as it is now.
func (r *Run) Snapshot() progress.Snapshot {
	s := r.monitor.Snapshot()
	s.Session = r.id
	s.Transfers, s.Paused = r.slots.State()
	return s
}

// Do runs the session. The result is nil if the session could not be opened.
func (r *Run) Do(ctx context.Context) (*Result, error) {
	defer r.monitor.End()
	lasting, end := outlast(ctx)
	defer end()
	lock, err := r.o.Backend.Lock(ctx, r.id)
	if err != nil {
		return nil, err
	}
	if err = r.open(ctx, lasting); err == nil {
		err = r.recorded(lasting, func() error { return r.moveAndDescribe(ctx) })
	}
	result, sumErr := r.result(lasting, err)
	return result, errors.Join(err, sumErr, r.unlock(), lock.Unlock())
}

// saveTime is how long a store that does not answer may hold up a run that was
// asked to stop.
const saveTime = 8 * time.Second

// outlast returns a context that ends saveTime after ctx does: what was achieved
// is stored even while the run is being stopped.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(saveTime):
			cancel()
		case <-lasting.Done():
		}
	})
	return lasting, func() { stop(); cancel() }
}

// open opens the session, or begins one, and settles which account it goes to.
func (r *Run) open(ctx, lasting context.Context) error {
	s, err := session.Open(ctx, lasting, r.o.Backend, r.id, r.o.asked(r.monitor))
	if err != nil {
		return err
	}
	r.session = s
	header := s.Header()
	if r.filing, err = filing.New(header.Album, header.Albums == state.MirrorAlbums, r.o.Zone); err != nil {
		return err
	}
	r.stages = newStages(ctx, r)
	r.describer = describe.New(describe.Options{Source: r.o.Source, Destination: r.o.Destination, Store: s, Notice: r.monitor.Notice})
	if err := s.Settle(ctx, r.o.Destination); err != nil {
		return err
	}
	if err := s.CheckOrigin(ctx, r.o.Source); err != nil {
		return err
	}
	if err := r.lockDestination(ctx); err != nil {
		return err
	}
	if err := s.Update(func(*state.Session) {}); err != nil {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	if err := register.RenewStale(ctx, s, r.o.Destination); err != nil {
		return err
	}
	counts, err := s.Counts(ctx)
	if err != nil {
		return err
	}
	header = s.Header()
	r.monitor.Begin(&header, counts)
	return nil
}

// recorded calls f while the monitor records what happens.
func (r *Run) recorded(lasting context.Context, f func() error) error {
	if journal := r.session.Journal(); journal != nil {
		r.monitor.Journal(journal, r.id)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(lasting))
	var recording sync.WaitGroup
	recording.Go(func() { r.monitor.Record(ctx, lasting, r.Snapshot) })
	err := f()
	r.monitor.End()
	stop()
	recording.Wait()
	return err
}

func (r *Run) result(lasting context.Context, err error) (*Result, error) {
	if r.session == nil {
		return nil, nil
	}
	counts, countErr := r.session.Counts(lasting)
	if err != nil && errors.Is(countErr, state.ErrNotFound) {
		return nil, nil // it failed before a new session was stored
	}
	if countErr != nil {
		return nil, countErr
	}
	if n := r.found.unstored + r.found.unread; n > 0 {
		counts.Total += n
		counts.Outcomes[state.OutcomeFailed] += n
	}
	return &Result{
		Account:  r.session.Header().Account,
		Items:    counts,
		Moved:    r.monitor.Moved(),
		Remarks:  r.monitor.Remarks(),
		Warnings: slices.Concat(r.altered, r.found.warnings, r.describer.Warnings()),
		Requests: requests(r.o.Source, r.o.Destination),
	}, nil
}

// requests returns how many requests were sent so far, by kind.
func requests(stations ...any) map[string]int64 {
	all := map[string]int64{}
	for _, s := range stations {
		if meter, ok := s.(station.Meter); ok {
			maps.Copy(all, meter.Requests())
		}
	}
	return all
}

// failed publishes that an item failed, and returns what ends the run if that is
// what was asked for.
func (r *Run) failed(stage state.Stage) func(it *state.Item, err error) error {
	return func(it *state.Item, err error) error {
		r.monitor.Failed(it, stage, err)
		if !r.o.FailFast {
			return nil
		}
		return &fault.Error{
			Class: fault.Session, Code: fault.CodeOf(err),
			Op: "stopped at the first failed item, " + it.Name, Err: err,
			Hint: "run the same command again to retry it",
		}
	}
}
