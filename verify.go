package gondola

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/internal/engine"
	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// VerifyOptions say which session to verify. SessionID, Destination and Backend
// are required; every other zero value is a useful default.
type VerifyOptions struct {
	SessionID   string
	Destination station.Destination // a [station.Inspector], too, or nothing is proven
	Backend     state.Backend

	// Wait is how long to wait, in all, for what the destination still
	// processes; 0 does not wait.
	Wait time.Duration
	// Each, if not nil, is called for every item, in the order of discovery. An
	// error from it ends the verification.
	Each   func(VerifiedItem) error
	Bus    *progress.Bus // gets the waits; nil for none
	Logger *slog.Logger  // nil discards
}

func (o VerifyOptions) validate() error {
	switch {
	case o.SessionID == "":
		return errors.New("gondola: VerifyOptions.SessionID is required")
	case o.Destination == nil:
		return errors.New("gondola: VerifyOptions.Destination is required")
	case o.Backend == nil:
		return errors.New("gondola: VerifyOptions.Backend is required")
	}
	return nil
}

// Verdict is what a verification finds of an item.
type Verdict string

// The verdicts.
const (
	VerdictVerified   Verdict = "verified"   // it is there, ready
	VerdictMissing    Verdict = "missing"    // it is not there: the next Sync carries it again
	VerdictUnusable   Verdict = "failed"     // it is there, but could not be processed
	VerdictAltered    Verdict = "changed"    // it is there, with other bytes than those that were put there
	VerdictProcessing Verdict = "processing" // it is there, not ready yet
	VerdictUnproven   Verdict = "unproven"   // it is said to be there, which cannot be checked
	VerdictPending    Verdict = "pending"    // it was not carried yet
	VerdictSkipped    Verdict = "skipped"    // it was refused with a reason
)

// VerifiedItem is what a verification finds of one item.
type VerifiedItem struct {
	Item    state.Item // as it was stored; of a missing one, with the id it is missed under
	Verdict Verdict
	Reason  string              // a clause; "" if it is verified without a remark
	Held    *station.RemoteItem // what is there; nil if nothing is, or it was not asked for
	At      time.Time           // when the destination was asked, UTC; zero if it was not
}

// Verification sums up what was found.
type Verification struct {
	SessionID string
	From, To  string
	Account   string    // of the destination, such as "gphotos:3f9a…"
	BeganAt   time.Time // UTC
	Total     int
	Items     map[Verdict]int
	// Listed says that the source was listed to a proven end, so that the
	// session's items are all that its window holds.
	Listed   bool
	Ended    bool             // every item was looked at
	Requests map[string]int64 // by kind, such as "gphotos_json"
}

// Proven reports whether every item is at the destination, ready, or was
// refused with a reason.
func (v *Verification) Proven() bool {
	return v.Ended && v.Listed && v.Items[VerdictVerified]+v.Items[VerdictSkipped] == v.Total
}

// Verify asks the destination for every item of a session: whether it is there
// under its id, is what was carried, and is ready.
//
// An item that is missing awaits its transfer again, and the ledger forgets it,
// so that the next Sync of the session carries it once more. One that another
// session has carried again since is found by what the ledger says.
//
// The session is locked meanwhile; a [state.LockedError] says who else holds
// it. Other errors are those of [Sync]; a session that does not exist is
// [state.ErrNotFound]. The Verification then covers what was looked at, and is
// nil if the session could not be opened.
func Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	v := &Verification{SessionID: o.SessionID, Items: map[Verdict]int{}}
	checked, err := engine.Verify(ctx, o.engine(), func(it verify.Item) error {
		found := VerifiedItem{it.Item, Verdict(it.Verdict), it.Reason, it.Held, it.At}
		v.Total++
		v.Items[found.Verdict]++
		if o.Each == nil {
			return nil
		}
		return o.Each(found)
	})
	if checked == nil {
		return nil, err
	}
	v.From, v.To, v.Account, v.BeganAt = checked.From, checked.To, checked.Account, checked.BeganAt
	v.Listed, v.Ended, v.Requests = checked.Listed, err == nil, checked.Requests
	return v, err
}

func (o VerifyOptions) engine() engine.VerifyOptions {
	return engine.VerifyOptions{
		SessionID: o.SessionID, Destination: o.Destination, Backend: o.Backend, Wait: o.Wait,
		Publish: Options{Bus: o.Bus}.publish(),
		Log:     cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
	}
}
