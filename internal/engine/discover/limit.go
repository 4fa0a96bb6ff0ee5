package discover

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// Limit decides which items of a listing a session of at most so many items
// takes: those it holds, wherever they stand in the listing, and new ones until
// it is full. A nil Limit takes all.
type Limit struct {
	lookup *Lookup
	most   int
	found  int                    // items in the session
	awaits func(*state.Item) bool // what the listing has to show
	// awaited is how many of them it has not shown yet.
	awaited int
}

// NewLimit returns the limit of a session of at most so many items, of which the
// stored ones that awaits selects are to be shown by the listing. It is nil if
// most is 0, or if the listing has to link items to their identities: then it has
// to show all of them.
func NewLimit(ctx context.Context, lookup *Lookup, stored Store, most int, awaits func(*state.Item) bool) (*Limit, error) {
	if most == 0 || lookup.Foreign {
		return nil, nil
	}
	l := &Limit{lookup: lookup, most: most, awaits: awaits}
	for it, err := range stored.Items(ctx, state.Query{}) {
		if errors.Is(err, state.ErrNotFound) {
			break // a session that is not stored yet
		}
		if err != nil {
			return nil, err
		}
		l.found++
		if awaits(it) {
			l.awaited++
		}
	}
	return l, nil
}

// Took counts a new item of the session.
func (l *Limit) Took() {
	if l != nil {
		l.found++
	}
}

// Admit reports whether the session takes a listed item, and whether anything
// that follows it in the listing matters.
func (l *Limit) Admit(ctx context.Context, item media.Item) (take, more bool, err error) {
	if l == nil || l.found < l.most && l.awaited == 0 {
		return true, true, nil
	}
	held, err := absent(l.lookup.Held(ctx, &item))
	switch {
	case err != nil:
		return false, false, err
	case held == nil:
		take = l.found < l.most
		return take, take || l.awaited > 0, nil
	case l.awaits(held):
		l.awaited--
	}
	return true, true, nil
}

// AnyItem selects every item.
func AnyItem(*state.Item) bool { return true }
