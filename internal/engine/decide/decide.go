package decide

import (
	"cmp"
	"slices"

	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// Action is what becomes of a listed item.
type Action string

// The actions.
const (
	Carry   Action = "carry"   // new to the session: it is transferred
	There   Action = "there"   // new to the session, and at the destination by the ledger
	Skip    Action = "skip"    // new to the session, and refused
	Keep    Action = "keep"    // the session holds it, and the listing says nothing new
	Mark    Action = "mark"    // the session holds it; only the source's mark or version is new
	Refresh Action = "refresh" // the session holds it; it can be carried now, or not any more
	Renew   Action = "renew"   // the session holds another version of its bytes
	Link    Action = "link"    // the session knows it by name only, and learns its identity
	// Split says that the session knows two media by one name. Which of them was
	// carried cannot be known, so both are: content that the destination already
	// has does not double there.
	Split Action = "split"
)

// Facts are what is known of a listed item.
type Facts struct {
	Listed media.Item // with its Refusal, the source's or the destination's
	// Held is the session's item of the same identity, or nil.
	Held *state.Item
	// Named is, in a Foreign session, the item under one of the names of an
	// item that is not held by identity, or nil: one known by name only, or one of
	// another medium that went under the same name (see Shared).
	Named *state.Item
	// Ledger is what the ledger knows of the item, or nil. It is looked up unless
	// the item is refused or arrived.
	Ledger *state.LedgerEntry
	// Wants are the albums of the destination that the item is to be put into although
	// it is there already, by what is listed, and Had those by what the session holds.
	Wants, Had []media.Album
}

// Decision is what becomes of a listed item.
type Decision struct {
	Action Action
	// Item is the item as it will be: with Keep, as it is. The name of a new one
	// may still be taken by another.
	Item *state.Item
	// Before is the session's item as it was; nil for a new one.
	Before *state.Item
	// Other is, with Split, the item under whose name two media went: it is
	// carried again. OtherBefore is that item as it was.
	Other, OtherBefore *state.Item
}

// Decide decides what becomes of a listed item. It changes none of the facts.
func Decide(f Facts) Decision {
	switch {
	case f.Held != nil:
		return held(f)
	case f.Named != nil && f.Named.ID.IsZero():
		return link(f)
	}
	d := fresh(f)
	if f.Named != nil {
		other := *f.Named
		lifecycle.ResetTransfer(&other)
		other.DestinationID = ""
		d.Action, d.Other, d.OtherBefore = Split, &other, f.Named
	}
	return d
}

// fresh decides about an item that is new to the session.
func fresh(f Facts) Decision {
	it := &state.Item{Item: f.Listed, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
	switch {
	case it.Refusal != nil:
		it.Create = state.Skipped
		return Decision{Action: Skip, Item: it}
	case f.There():
		lifecycle.FoundThere(it, f.Ledger)
		it.Unfiled = f.Wants
		return Decision{Action: There, Item: it}
	}
	return Decision{Action: Carry, Item: it}
}

// There reports whether the ledger knows the listed version of the item.
func (f Facts) There() bool {
	return f.Ledger != nil && !otherVersion(f.Ledger.Version, f.Listed.Version)
}

// otherVersion reports whether two versions are known and differ.
func otherVersion(a, b string) bool { return a != "" && b != "" && a != b }

// held decides about an item that the session holds by its identity.
func held(f Facts) Decision {
	it := *f.Held
	switch {
	case otherVersion(it.Version, f.Listed.Version) && arrived(&it) && f.Listed.Refusal != nil:
		// What is at the destination stays there until the new version can be
		// carried; the mark of this listing would hide it from later ones.
	case otherVersion(it.Version, f.Listed.Version):
		take(&it, f.Listed)
		lifecycle.Renewed(&it)
		settle(&it)
		return Decision{Action: Renew, Item: &it, Before: f.Held}
	case turned(f.Held, f.Listed):
		take(&it, f.Listed)
		if it.Transfer == state.Completed && it.Receipt == nil {
			lifecycle.ResetTransfer(&it)
		}
		settle(&it)
		return Decision{Action: Refresh, Item: &it, Before: f.Held}
	case mark(&it, f):
		return Decision{Action: Mark, Item: &it, Before: f.Held}
	}
	return Decision{Action: Keep, Item: f.Held, Before: f.Held}
}

// take replaces what the session knows of the file by what is listed.
func take(it *state.Item, listed media.Item) {
	name := it.Name
	it.Item = listed
	if it.Name != name {
		it.Name, it.FileName = name, listed.Name
	}
	it.Discovery = state.Completed
}

// settle lets an item await its transfer, or be refused, as it is listed.
func settle(it *state.Item) {
	if it.Transfer == state.Failed {
		it.Transfer = state.Pending
	}
	if it.Create = state.Pending; it.Refusal != nil {
		it.Create = state.Skipped
	}
}

// arrived reports whether an item is at the destination.
func arrived(it *state.Item) bool { return it.Refusal == nil && it.Awaits() == "" }

// turned reports whether an item that was not carried yet can be carried now, or
// cannot any more. What was carried is registered, whatever is listed since.
func turned(held *state.Item, listed media.Item) bool {
	carried := held.Refusal == nil && held.Transfer == state.Completed
	return !carried && (held.Refusal == nil) != (listed.Refusal == nil) && !learned(held, listed)
}

// learned reports whether the item was refused for its size, as only opening it
// showed: a listing that does not know the size does not change that.
func learned(held *state.Item, listed media.Item) bool {
	return held.Refusal != nil && listed.Size == media.SizeUnknown &&
		(held.Refusal.Code == media.RefusedEmpty || held.Refusal.Code == media.RefusedTooLarge)
}

// mark takes over the source's mark of a listing that says nothing else new, a
// version that was not known before, the albums of the item, and the reason why it
// is refused if that is another one now. It reports whether there is something to store. An item that
// is on its way is left alone: its mark is of no use before it has arrived.
func mark(it *state.Item, f Facts) bool {
	if it.Awaits() != "" {
		return false
	}
	before, listed := it.Item, f.Listed
	if !slices.Equal(it.Albums, listed.Albums) {
		it.Albums = listed.Albums
		it.Unfiled = filing.Changed(it.Unfiled, f.Had, f.Wants)
	}
	it.Version = cmp.Or(it.Version, listed.Version)
	if listed.Revision != "" {
		it.Revision, it.Of = listed.Revision, listed.Of
		if it.Refusal != nil && listed.Refusal != nil {
			it.Refusal = listed.Refusal
		}
	}
	return it.Version != before.Version || it.Revision != before.Revision || it.Of != before.Of || !sameRefusal(it.Refusal, before.Refusal) ||
		!slices.Equal(it.Albums, before.Albums)
}

func sameRefusal(a, b *media.Refusal) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// link gives an item that is known by name only its identity. What was carried
// under the name stays carried, whatever would be said of it now.
func link(f Facts) Decision {
	it := *f.Named
	if it.Transfer == state.Completed {
		take(&it, f.Listed)
		it.Refusal = nil
		return Decision{Action: Link, Item: &it, Before: f.Named}
	}
	take(&it, f.Listed)
	settle(&it)
	if it.Refusal == nil && f.There() {
		lifecycle.FoundThere(&it, f.Ledger)
		it.Unfiled = f.Wants
	}
	return Decision{Action: Link, Item: &it, Before: f.Named}
}

// Shared reports whether another program let the listed item share the name of another
// medium's item, which was carried. What the ledger knows it knows by identity.
func Shared(named *state.Item, listed media.Item) bool {
	return named.Name == listed.LegacyName && named.Refusal == nil && !named.AlreadyThere && named.Awaits() != state.Transfer
}
