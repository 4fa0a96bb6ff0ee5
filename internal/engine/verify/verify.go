package verify

import (
	"context"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Store is what a verification needs of the session's store.
type Store interface {
	Page(ctx context.Context, q state.Query) ([]*state.Item, error)
	Put(items ...*state.Item) error
	Recall(ctx context.Context, key string) (*state.LedgerEntry, error)
	Record(entries ...state.LedgerEntry) error
}

// Verdict is what a verification finds of an item.
type Verdict string

// The verdicts.
const (
	Verified   Verdict = "verified"
	Missing    Verdict = "missing"
	Unusable   Verdict = "failed"
	Altered    Verdict = "changed"
	Processing Verdict = "processing"
	Unproven   Verdict = "unproven"
	Pending    Verdict = "pending"
	Skipped    Verdict = "skipped"
)

// Item is what a verification finds of one item.
type Item struct {
	Item    state.Item // as it was stored; of a Missing one, with the id it is missed under
	Verdict Verdict
	Reason  string              // a clause; "" if Verified without a remark
	Held    *station.RemoteItem // what is there; nil if nothing is, or it was not asked for
	At      time.Time           // when the destination was asked, UTC; zero if it was not

	sentBack bool // it awaits its transfer again
}

// Options are the parts of a Verifier. All are required but Wait.
type Options struct {
	Destination station.Destination
	Store       Store
	// SendBack says that what is missing awaits its transfer again. It must not
	// where it is not known into which account the session went.
	SendBack bool
	// Wait is how long to wait, in all, for what the destination still
	// processes.
	Wait time.Duration
	// Each is called for every item, in the order of discovery. An error from it
	// ends the verification.
	Each    func(Item) error
	Waiting func(fault.Wait) // called before each wait
	Log     *slog.Logger
}

// Verifier is one verification. Make it with New.
type Verifier struct {
	Options
	inspector station.Inspector // nil: no item can be looked at
	patience  time.Duration     // that is left to wait
	repeats   *repeats.Repeats
}

// New returns a Verifier.
func New(o Options) *Verifier {
	inspector, _ := o.Destination.(station.Inspector)
	return &Verifier{Options: o, inspector: inspector, patience: o.Wait, repeats: repeats.New()}
}

// pageSize is how many items are in memory at a time.
const pageSize = 1000

// Run looks at every item.
func (v *Verifier) Run(ctx context.Context) error {
	var after int64
	for {
		items, err := v.Store.Page(ctx, state.Query{After: after, Limit: pageSize})
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
func (v *Verifier) page(ctx context.Context, items []*state.Item) error {
	all := make([]*Item, len(items))
	var asked []*Item
	for i, it := range items {
		it.SameAs = v.repeats.Note(it)
		all[i] = v.verdictOf(it)
		if all[i].Verdict == "" {
			asked = append(asked, all[i])
		}
	}
	for _, find := range []func(context.Context, []*Item) error{v.look, v.follow, v.sendBack, v.await, v.sendBack, v.remember} {
		if err := find(ctx, asked); err != nil {
			return err
		}
	}
	for _, it := range all {
		if err := v.Each(*it); err != nil {
			return err
		}
	}
	return nil
}

// verdictOf says what is known without asking the destination; the verdict is
// "" if it has to be asked.
func (v *Verifier) verdictOf(it *state.Item) *Item {
	found := &Item{Item: *it}
	switch {
	case it.Refusal != nil:
		found.Verdict, found.Reason = Skipped, it.Refusal.Reason
	case it.Awaits() != "":
		found.Verdict, found.Reason = Pending, WhyPending(it)
	case it.DestinationID == "":
		found.Verdict, found.Reason = Unproven, "an earlier program registered it and kept no id"
	case v.inspector == nil:
		found.Verdict, found.Reason = Unproven, "the destination cannot be asked what it holds"
	}
	return found
}

// WhyPending says in a clause why an item has not arrived.
func WhyPending(it *state.Item) string {
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
