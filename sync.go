package gondola

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// MostTransfers is the most files that are in flight at once unless Options ask
// for more.
const MostTransfers = flow.MostTransfers

// Limiter paces bytes on one leg. It is shared by all files in flight and safe
// for concurrent use.
type Limiter interface {
	// WaitN blocks until n bytes may pass or ctx ends; n is never negative.
	WaitN(ctx context.Context, n int) error
	// Piece returns how many bytes to move at most between two calls of WaitN, at
	// least 1. At a low rate it has to be small, or many files in flight wait for
	// each other's turns so long that their connections count as stalled.
	Piece() int
}

// Options say what to carry, from where to where, and how. Source, Destination
// and Backend are required; every other zero value is a useful default.
type Options struct {
	Source      station.Source
	Destination station.Destination
	Backend     state.Backend

	// SessionID resumes or names a session, which keeps what is left out below;
	// "" stands for the session that answers this question: see DeriveSessionID.
	SessionID string
	Window    media.Window // capture times to take; the zero Window takes all
	Filter    media.Filter // which items of the window to take
	// Album is a template of the title of the album to put everything into, "" for
	// none: text with fields in braces, such as "{year}-{month}", "{camera}" or
	// "{folder}". See [media.ParseTemplate].
	Album string
	// MirrorAlbums puts items into the albums that hold them at the source, too.
	MirrorAlbums bool
	Zone         *time.Location // in which Album shows capture times; nil for the system's
	BatchSize    int            // items per create call; 0 or too large means the destination's most

	Transfers int     // files in flight; 0 finds out how many fill the line, at most MostTransfers
	Download  Limiter // paces the source's leg; nil for no limit
	Upload    Limiter // paces the destination's leg; nil for no limit
	FailFast  bool    // end the run at the first failed item, after saving

	Hooks  Hooks
	Bus    *progress.Bus // gets all events; nil for one of the run's own
	Logger *slog.Logger  // nil discards
}

// Hooks are called as a session goes on. Either may be nil.
//
// Stages overlap, yet each starts once and completes once, in order. Hooks are
// called from goroutines that the run waits for, never two at a time. An error
// from StageStart fails the stage; an error from StageComplete ends the session
// with that error.
type Hooks struct {
	// StageStart is called before a stage does anything.
	StageStart func(ctx context.Context, stage state.Stage) error
	// StageComplete is called after a stage has ended, also when it failed:
	// err is then its failure. created holds what the create stage registered
	// in this run, one per answered call; it is collected only for this hook,
	// and grows with the run. Events say the same item by item at no such cost.
	StageComplete func(ctx context.Context, stage state.Stage, s *state.Session, created []station.BatchResult, err error) error
}

func (o Options) validate() error {
	switch {
	case o.Source == nil:
		return errors.New("gondola: Options.Source is required")
	case o.Destination == nil:
		return errors.New("gondola: Options.Destination is required")
	case o.Backend == nil:
		return errors.New("gondola: Options.Backend is required")
	}
	if err := o.Filter.Validate(); err != nil {
		return err
	}
	if err := o.validateAlbum(); err != nil {
		return err
	}
	if source, ok := o.Source.(station.TypeLister); ok {
		return o.Filter.CheckTypes(source.Types())
	}
	return nil
}

func (o Options) validateAlbum() error {
	plan, err := filing.New(o.Album, o.MirrorAlbums, o.Zone)
	if err != nil || plan.IsZero() {
		return err
	}
	if _, ok := o.Destination.(station.Albums); !ok {
		return fmt.Errorf("gondola: %s has no albums: leave Options.Album and MirrorAlbums unset", o.Destination.Name())
	}
	if _, ok := o.Destination.(station.Filer); !ok && o.MirrorAlbums {
		return fmt.Errorf("gondola: %s creates items in one album only: leave Options.MirrorAlbums unset", o.Destination.Name())
	}
	return nil
}

// Outcome says how a run ended.
type Outcome string

// The outcomes of a run.
const (
	OutcomeComplete    Outcome = "complete"    // everything is there, or skipped with a reason
	OutcomePartial     Outcome = "partial"     // finished, but some items failed
	OutcomeInterrupted Outcome = "interrupted" // asked to stop; all saved
	OutcomeQuota       Outcome = "quota"       // quota or storage exhausted; all saved
	OutcomeAuth        Outcome = "auth"        // credentials missing, expired or insufficient
	OutcomeFailed      Outcome = "failed"      // anything else
)

// Summary says what a run did and where its session stands.
type Summary struct {
	SessionID string
	From, To  string
	Account   string // of the destination, such as "gphotos:3f9a…"; "" until known
	Outcome   Outcome
	Items     state.Counts     // of the whole session, earlier runs included
	Moved     progress.Moved   // by this run
	Remarks   int              // items carried by this run of which there is a remark
	Warnings  []string         // of this run: what a user should know of the source
	Requests  map[string]int64 // by this run, by kind, such as "cdn"
}

// Sync carries what Options say, or goes on where an earlier run of the session
// stopped, and returns when everything is at the destination, skipped with a
// reason, or failed. It is [Start] and [Run.Wait].
//
// An error says that the run ended early: a [fault.Error] (its code says
// whether credentials or a quota are why), a [state.LockedError] if another process runs the
// session, or the cause of ctx's end. Everything achieved is stored; the same
// call goes on from there. Items that failed are no error: the summary's
// outcome is then OutcomePartial. The summary is nil only if the session could not
// be opened.
func Sync(ctx context.Context, o Options) (*Summary, error) {
	r, err := Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return r.Wait()
}
