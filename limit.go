package gondola

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// limit decides which items of a listing a session of at most so many items
// takes: those it holds, wherever they stand in the listing, and new ones until
// it is full.
type limit struct {
	run    *run
	most   int                    // 0 for no limit
	awaits func(*state.Item) bool // what the listing has to show
	// awaited is how many of them it has not shown yet.
	awaited int
}

// newLimit returns the limit of a session whose items that awaits selects are to
// be shown by the listing.
func (r *run) newLimit(ctx context.Context, s *state.Session, awaits func(*state.Item) bool) (*limit, error) {
	l := &limit{run: r, most: s.Filter.MaxItems, awaits: awaits}
	if r.adopting {
		l.most = 0 // what the listing links to their identities, it must show
	}
	if l.most == 0 {
		return l, nil
	}
	for it, err := range r.opt.Backend.Items(ctx, s.ID, state.ItemQuery{}) {
		if errors.Is(err, state.ErrNotFound) {
			break // a session that is not stored yet
		}
		if err != nil {
			return nil, err
		}
		if awaits(it) {
			l.awaited++
		}
	}
	return l, nil
}

// admit reports whether the session takes a listed item, and whether anything
// that follows it in the listing matters.
func (l *limit) admit(ctx context.Context, item media.Item) (take, more bool, err error) {
	if l.most == 0 || l.run.found < l.most && l.awaited == 0 {
		return true, true, nil
	}
	known, err := l.run.known(ctx, &item)
	switch {
	case errors.Is(err, state.ErrNotFound):
		take = l.run.found < l.most
		return take, take || l.awaited > 0, nil
	case err != nil:
		return false, false, err
	case l.awaits(known):
		l.awaited--
	}
	return true, true, nil
}

// unready reports whether the source still worked on an item when it was listed,
// so that a later listing may offer it.
func unready(it *state.Item) bool {
	return it.Refusal != nil && (it.Refusal.Code == media.RefusedTranscoding || it.Refusal.Code == media.RefusedIncomplete)
}

// anyItem selects every item.
func anyItem(*state.Item) bool { return true }
