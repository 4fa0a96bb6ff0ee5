package app

import (
	"cmp"
	"context"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// SourceQuality asks for originals.
const SourceQuality = "source"

// Request is what a user asks to be carried. From and To are required.
type Request struct {
	From, To string // stations
	// AnyRoute says that the stations are the default ones: those of a session that
	// is named count more.
	AnyRoute bool

	SessionID string // "" for the session that answers the request
	Window    media.Window
	Filter    media.Filter
	Album     string // template of a title; "" for none
	// MirrorAlbums puts items into the albums that hold them at the source.
	MirrorAlbums bool

	Quality string // SourceQuality or a height; "" for the session's, or originals
	Zone    *time.Location

	Transfers        int
	Download, Upload gondola.Limiter
	BatchSize        int
	ChunkMultiplier  int
	FailFast         bool
	Unchanged        bool // the store is opened to look at it only
}

// Job is what a request has become. Its fields are set as far as it has come.
type Job struct {
	From, To  string // stations
	SessionID string
	Backend   state.Backend   // nil until it is open; Close closes it
	Options   gondola.Options // of the run; set by Open

	c       *Controller
	request Request
	layout  string // of the session that goes on
	to      *OpenDestination
}

// Job returns a job of which nothing is open yet.
func (c *Controller) Job(r Request) *Job {
	j := &Job{From: r.From, To: r.To, SessionID: r.SessionID, c: c, request: r}
	if j.SessionID == "" {
		j.SessionID = gondola.DeriveSessionID(gondola.Question{
			From: c.Kinds.Canonical(r.From), To: c.Kinds.Canonical(r.To), Window: r.Window, Filter: r.Filter, Album: r.Album,
			Quality: cmp.Or(r.Quality, SourceQuality), Layout: c.layout(r.To), Albums: r.albums(),
		})
	}
	return j
}

// Open opens both stations, to which nothing is sent yet, and the store. A session
// that is named and known keeps what the request leaves out.
func (j *Job) Open(ctx context.Context) error {
	if err := j.resume(ctx); err != nil {
		return err
	}
	if err := j.openStations(ctx); err != nil {
		return err
	}
	how := Making
	if j.request.Unchanged {
		how = Unchanged
	}
	var err error
	if j.Backend, err = j.c.Env.OpenStore(ctx, j.c.Store, how); err != nil {
		return err
	}
	j.Options.Backend = j.Backend
	return nil
}

// resume takes from the session that the request names what the request leaves out.
// What is wrong with the session, the run says.
func (j *Job) resume(ctx context.Context) error {
	r := &j.request
	if r.SessionID == "" {
		return nil
	}
	backend, err := j.c.Env.OpenStore(ctx, j.c.Store, Unchanged)
	if err != nil {
		return err
	}
	defer backend.Close()
	stored, err := backend.Session(ctx, r.SessionID)
	if err != nil {
		return ctx.Err()
	}
	if _, _, err := j.c.Kinds.Route(stored.From, stored.To); err == nil && r.AnyRoute {
		j.From, j.To = stored.From, stored.To
	}
	if same := j.c.Kinds.Canonical; same(stored.From) == same(j.From) && same(stored.To) == same(j.To) {
		r.Quality, j.layout = cmp.Or(r.Quality, stored.Quality), stored.Layout
		r.MirrorAlbums = r.MirrorAlbums || stored.Albums == state.MirrorAlbums
	}
	return nil
}

func (j *Job) openStations(ctx context.Context) error {
	r := j.request
	if _, err := j.c.parse(j.To, AsDestination); err != nil {
		return err // before the credentials of the source are read
	}
	source, err := j.c.Source(ctx, j.From, SourceOptions{Quality: cmp.Or(r.Quality, SourceQuality), Zone: r.Zone})
	if err != nil {
		return err
	}
	j.to, err = j.c.Destination(ctx, j.To, DestinationOptions{ChunkMultiplier: r.ChunkMultiplier, Layout: j.layout, Zone: r.Zone})
	if err != nil {
		return err
	}
	if err := j.checkAlbums(); err != nil {
		return err
	}
	j.Options = gondola.Options{
		Source: source, Destination: j.to.Destination,
		SessionID: r.SessionID, Window: r.Window, Filter: r.Filter, Album: r.Album, MirrorAlbums: r.MirrorAlbums, Zone: r.Zone, BatchSize: r.BatchSize,
		Transfers: r.Transfers, Download: r.Download, Upload: r.Upload, FailFast: r.FailFast,
		Logger: j.c.Env.Log,
	}
	return nil
}

// checkAlbums refuses albums where the destination has none.
func (j *Job) checkAlbums() error {
	_, creates := j.to.Destination.(station.Albums)
	_, fills := j.to.Destination.(station.Filer)
	switch {
	case !creates && j.request.Album != "":
		return usagef("--album: %s has no albums; leave it out", j.To)
	case !fills && j.request.MirrorAlbums:
		return usagef("--albums: %s has no albums; leave it out", j.To)
	}
	return nil
}

// albums returns what the question of a session says of mirrored albums.
func (r Request) albums() string {
	if r.MirrorAlbums {
		return state.MirrorAlbums
	}
	return ""
}

// Plan says what a run would do; each is called with each item. Nothing is changed.
func (j *Job) Plan(ctx context.Context, bus *progress.Bus, each func(gondola.PlannedItem) error) (*gondola.Plan, error) {
	j.Options.Bus = bus
	return gondola.MakePlan(ctx, j.Options, each)
}

// Start starts the run. The bus gets its events.
func (j *Job) Start(ctx context.Context, bus *progress.Bus) (*Run, error) {
	j.Options.Bus = bus
	r, err := gondola.Start(ctx, j.Options)
	if err != nil {
		return nil, err
	}
	j.SessionID = r.SessionID()
	return &Run{r, j, context.WithoutCancel(ctx)}, nil
}

// Close closes the store.
func (j *Job) Close() error {
	if j.Backend == nil {
		return nil
	}
	return j.Backend.Close()
}

// Run is the run of a job. Call Wait before the job is closed.
type Run struct {
	*gondola.Run
	job *Job
	ctx context.Context
}

// Wait waits until the run has ended, as [gondola.Run.Wait] does. After a whole one
// the account is remembered.
func (r *Run) Wait() (*gondola.Summary, error) {
	summary, err := r.Run.Wait()
	if err != nil {
		return summary, err
	}
	if err := r.remember(summary.SessionID); err != nil {
		r.job.c.Env.Log.Warn("the account may not be recognised at the next login", "error", err)
	}
	return summary, nil
}

// remember stores one created item beside the credentials, by which a later login
// recognizes the account.
func (r *Run) remember(session string) error {
	if r.job.to.Remember == nil {
		return nil
	}
	return r.job.to.Remember(func() (string, error) {
		for it, err := range r.job.Backend.Items(r.ctx, session, state.Query{}) {
			if err != nil {
				return "", err
			}
			if it.DestinationID != "" {
				return it.DestinationID, nil
			}
		}
		return "", nil
	})
}
