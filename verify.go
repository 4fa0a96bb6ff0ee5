package gondola

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

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
	Each func(VerifiedItem) error
	// Event, if not nil, is told of waits. It must return quickly.
	Event  func(Event)
	Logger *slog.Logger // nil discards
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
	Verified   Verdict = "verified"   // it is there, ready
	Missing    Verdict = "missing"    // it is not there: the next Sync carries it again
	Unusable   Verdict = "failed"     // it is there, but could not be processed
	Processing Verdict = "processing" // it is there, not ready yet
	Unproven   Verdict = "unproven"   // it is said to be there, under an id that nobody knows
	Pending    Verdict = "pending"    // it was not carried yet
	Skipped    Verdict = "skipped"    // it was refused with a reason
)

// VerifiedItem is what a verification finds of one item.
type VerifiedItem struct {
	Item    state.Item // as it was stored; of a Missing one, with the id it is missed under
	Verdict Verdict
	Reason  string              // a clause for people; "" if Verified without a remark
	Held    *station.RemoteItem // what is there; nil if nothing is, or nobody asked
	At      time.Time           // when the destination was asked, UTC; zero if it was not

	sentBack bool // it awaits its transfer again
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
	return v.Ended && v.Listed && v.Items[Verified]+v.Items[Skipped] == v.Total
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
	if _, err := o.Backend.Session(ctx, o.SessionID); err != nil {
		return nil, fmt.Errorf("verify session %s: %w", o.SessionID, err)
	}
	lock, err := o.Backend.Lock(ctx, o.SessionID)
	if err != nil {
		return nil, err
	}
	found, err := verifyLocked(ctx, o)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return found, errors.Join(err, lock.Unlock())
}

func verifyLocked(ctx context.Context, o VerifyOptions) (*Verification, error) {
	s, err := o.Backend.Session(ctx, o.SessionID)
	if err == nil {
		err = fit(s)
	}
	if err != nil {
		return nil, err
	}
	account, err := accountOf(ctx, o.Destination, o.Backend, s)
	if err != nil {
		return nil, err
	}
	lasting, end := outlast(ctx)
	defer end()
	v := &verifier{
		lasting: lasting,
		opt:     o, session: s, account: account, patience: o.Wait,
		repeats: newRepeats(),
		log:     cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		found: &Verification{
			SessionID: s.ID, From: s.From, To: s.To, Account: account, BeganAt: time.Now().UTC(), Items: map[Verdict]int{},
			// What q2google listed proves nothing; such a session has no window.
			Listed:   s.Window != nil && s.Stages[state.Discovery] == state.Completed,
			Requests: map[string]int64{},
		},
	}
	v.inspector, _ = o.Destination.(station.Inspector)
	err = v.walk(ctx)
	v.found.Ended = err == nil
	if v.found.Proven() {
		s.Account, s.VerifiedAt = account, v.found.BeganAt
		err = o.Backend.PutSession(v.lasting, s)
	}
	if c, ok := o.Destination.(station.Meter); ok {
		maps.Copy(v.found.Requests, c.Requests())
	}
	return v.found, err
}

// verifier is one verification.
type verifier struct {
	opt       VerifyOptions
	session   *state.Session
	account   string
	patience  time.Duration     // that is left to wait
	inspector station.Inspector // nil: no item can be looked at
	log       *slog.Logger
	repeats   *repeats
	lasting   context.Context // for what must be stored although the verification is being stopped
	found     *Verification
}

// verifyPage is how many items are in memory at a time.
const verifyPage = 1000

func (v *verifier) walk(ctx context.Context) error {
	var after int64
	for {
		items, err := readPage(ctx, v.opt.Backend, v.session.ID, state.ItemQuery{After: after, Limit: verifyPage})
		if err != nil || len(items) == 0 {
			return err
		}
		after = items[len(items)-1].Seq
		if err := v.page(ctx, items); err != nil {
			return err
		}
	}
}

// page finds the verdicts of some items. What is missing is sent back before
// anything is waited for.
func (v *verifier) page(ctx context.Context, items []*state.Item) error {
	all := make([]*VerifiedItem, len(items))
	var asked []*VerifiedItem
	for i, it := range items {
		it.SameAs = v.repeats.note(it)
		all[i] = verdictOf(it)
		if all[i].Verdict == "" && v.inspector == nil {
			all[i].Verdict, all[i].Reason = Unproven, "the destination cannot be asked what it holds"
		}
		if all[i].Verdict == "" {
			asked = append(asked, all[i])
		}
	}
	for _, find := range []func(context.Context, []*VerifiedItem) error{v.look, v.follow, v.sendBack, v.await, v.sendBack} {
		if err := find(ctx, asked); err != nil {
			return err
		}
	}
	for _, it := range all {
		v.found.Total++
		v.found.Items[it.Verdict]++
		if v.opt.Each == nil {
			continue
		}
		if err := v.opt.Each(*it); err != nil {
			return err
		}
	}
	return nil
}

// verdictOf says what is known without asking the destination; the verdict is
// "" if it has to be asked.
func verdictOf(it *state.Item) *VerifiedItem {
	found := &VerifiedItem{Item: *it}
	switch {
	case it.Refusal != nil:
		found.Verdict, found.Reason = Skipped, it.Refusal.Reason
	case it.Awaits() != "":
		found.Verdict, found.Reason = Pending, whyPending(it)
	case it.DestinationID == "":
		found.Verdict, found.Reason = Unproven, "an earlier program registered it and kept no id"
	}
	return found
}

func whyPending(it *state.Item) string {
	failure, failed := it.Errors[it.Awaits()]
	switch {
	case failed && it.Outcome() == state.OutcomeFailed:
		return "not carried: " + failure.Message
	case !it.MissedAt.IsZero():
		return "missed at the destination on " + it.MissedAt.Format(time.DateOnly) + " and not carried again yet"
	case it.Awaits() == state.Create:
		return "carried, not registered yet"
	}
	return "not carried yet"
}
