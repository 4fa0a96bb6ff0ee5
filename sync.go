package gondola

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

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
	Album     string       // title of the album to put everything into; "" for none
	Quality   string       // what the source was asked for, for the record; "" means "source"
	BatchSize int          // items per create call; 0 or too large means the destination's most

	Transfers int     // files in flight; 0 finds out how many fill the line, at most MostTransfers
	Download  Limiter // paces the source's leg; nil for no limit
	Upload    Limiter // paces the destination's leg; nil for no limit
	FailFast  bool    // end the run at the first failed item, after saving

	Hooks   Hooks
	Metrics *Metrics     // filled as the run goes on; nil if nobody looks
	Logger  *slog.Logger // nil discards
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
	if _, ok := o.Destination.(station.Albums); o.Album != "" && !ok {
		return fmt.Errorf("gondola: %s has no albums: leave Options.Album empty", o.Destination.Name())
	}
	if o.Album != "" {
		if _, err := media.AlbumTitle(o.Album); err != nil {
			return err
		}
	}
	if source, ok := o.Source.(station.TypeLister); ok {
		return o.Filter.CheckTypes(source.Types())
	}
	return nil
}

// Outcome says how a run ended.
type Outcome string

// The outcomes of a run.
const (
	Complete    Outcome = "complete"    // everything is there, or skipped with a reason
	Partial     Outcome = "partial"     // finished, but some items failed
	Interrupted Outcome = "interrupted" // asked to stop; all saved
	OutOfQuota  Outcome = "quota"       // quota or storage exhausted; all saved
	NoAuth      Outcome = "auth"        // credentials missing, expired or insufficient
	Broken      Outcome = "failed"      // anything else
)

// Summary tells what a run did and where its session stands.
type Summary struct {
	SessionID string
	From, To  string
	Account   string // of the destination, such as "gphotos:3f9a…"; "" until known
	Outcome   Outcome
	Items     state.Counts     // of the whole session, earlier runs included
	Moved     Snapshot         // by this run
	Remarks   int              // items carried by this run of which there is a remark
	Warnings  []string         // of this run: what people should know of the source
	Requests  map[string]int64 // by this run, by kind, such as "cdn"
}

// Sync carries what Options say, or goes on where an earlier run of the session
// stopped, and returns when everything is at the destination, skipped with a
// reason, or failed.
//
// An error says that the run ended early: a [fault.Error] (its code tells
// credentials from quota), a [state.LockedError] if another process runs the
// session, or the cause of ctx's end. Everything achieved is stored; the same
// call goes on from there. Items that failed are no error: the summary's
// outcome is then Partial. The summary is nil only if the session could not be
// opened.
func Sync(ctx context.Context, o Options) (*Summary, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	lasting, end := outlast(ctx)
	defer end()
	r, err := newRun(ctx, lasting, o)
	if err != nil {
		return nil, err
	}
	lock, err := o.Backend.Lock(ctx, r.id)
	if err != nil {
		return nil, err
	}
	err = r.open(ctx)
	if err == nil {
		err = r.move(ctx)
	}
	r.metrics.finish()
	summary, sumErr := r.summarize(ctx, err)
	return summary, errors.Join(err, sumErr, lock.Unlock())
}

// batchesAhead is how many batches of carried items may wait for the create
// stage, so that a call that takes its time does not hold up the line.
const batchesAhead = 20

// move runs the three stages side by side. A session-wide fault of the first
// two stops both, and lets the third register what was carried; a fault of the
// third, or the end of ctx, stops all.
func (r *run) move(ctx context.Context) error {
	all, stopAll := context.WithCancelCause(ctx)
	defer stopAll(nil)
	moving, stopMoving := context.WithCancelCause(all)
	defer stopMoving(nil)

	carried := make(chan *state.Item, batchesAhead*r.opt.BatchSize)
	var listErr, moveErr, createErr error
	var stages sync.WaitGroup
	stages.Go(func() {
		if listErr = r.discover(moving); listErr != nil && !canMoveOn(listErr) {
			stopMoving(listErr)
		}
	})
	stages.Go(func() {
		defer close(carried)
		if moveErr = r.transfer(moving, carried); moveErr != nil {
			stopMoving(moveErr)
		}
	})
	stages.Go(func() {
		if createErr = r.create(all, carried); createErr != nil {
			stopAll(createErr)
		}
	})
	stages.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case createErr != nil:
		return context.Cause(all)
	case moving.Err() != nil:
		return context.Cause(moving)
	}
	return listErr
}

// canMoveOn reports whether what was listed can be carried although the
// listing failed.
func canMoveOn(err error) bool {
	switch fault.CodeOf(err) {
	case fault.ListingIncomplete, fault.Server, fault.Unreachable, fault.Protocol:
		return true
	}
	return false
}

func (r *run) summarize(ctx context.Context, err error) (*Summary, error) {
	if r.session == nil {
		return nil, nil
	}
	counts, countErr := r.opt.Backend.Counts(r.lasting, r.id)
	if err != nil && errors.Is(countErr, state.ErrNotFound) {
		return nil, nil // it failed before a new session was stored
	}
	if countErr != nil {
		return nil, countErr
	}
	if n := int(r.unstored.Load()); n > 0 {
		counts.Total += n
		counts.Outcomes[state.OutcomeFailed] += n
	}
	s := &Summary{
		SessionID: r.id,
		From:      r.from, To: r.to,
		Account:  r.session.Account,
		Outcome:  outcomeOf(ctx, err, counts),
		Items:    counts,
		Moved:    r.metrics.Snapshot(),
		Remarks:  int(r.remarks.Load()),
		Warnings: r.warnings,
		Requests: map[string]int64{},
	}
	for _, end := range []any{r.opt.Source, r.opt.Destination} {
		if c, ok := end.(station.Meter); ok {
			maps.Copy(s.Requests, c.Requests())
		}
	}
	return s, nil
}

func outcomeOf(ctx context.Context, err error, c state.Counts) Outcome {
	switch {
	case err == nil && c.Outcomes[state.OutcomeFailed]+c.Outcomes[state.OutcomePending] > 0:
		return Partial
	case err == nil:
		return Complete
	case ctx.Err() != nil:
		return Interrupted
	}
	switch fault.CodeOf(err) {
	case fault.Auth, fault.Scope:
		return NoAuth
	case fault.Quota, fault.Storage:
		return OutOfQuota
	}
	return Broken
}
