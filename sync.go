package gondola

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// DefaultTransfers is how many files are in flight at once unless Options says
// otherwise.
const DefaultTransfers = 4

// Limiter paces bytes on one leg. WaitN blocks until n bytes may pass or ctx
// ends; n is never negative.
type Limiter interface {
	WaitN(ctx context.Context, n int) error
}

// Options say what to carry, from where to where, and how. Source, Destination
// and Backend are required; every other zero value is a useful default.
type Options struct {
	Source      Source
	Destination Destination
	Backend     state.Backend

	// SessionID resumes or names a session; "" derives it with DeriveSessionID.
	SessionID string
	Window    media.Window // capture times to take; the zero Window takes all
	Filter    media.Filter // which items of the window to take
	Album     string       // title of the album to put everything into; "" for none
	Quality   string       // what the source was asked for, for the record; "" means "source"
	BatchSize int          // items per create call; 0 or too large means the destination's most

	Transfers int     // files in flight; 0 means DefaultTransfers
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
	return o.Filter.Validate()
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
	Outcome   Outcome
	Items     state.Counts     // of the whole session, earlier runs included
	Moved     Snapshot         // by this run
	Requests  map[string]int64 // by this run, by kind, such as "cdn"
}
