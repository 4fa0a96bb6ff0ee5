package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// Fresh is how old the snapshot of a run is at most while all is well: a run
// stores one about once a second.
const Fresh = 5 * time.Second

// Run is the run of a session by a process that holds the session's lock.
type Run struct {
	Holder *state.LockedError
	// Seen is the newest snapshot that this run has stored, or nil: it has just
	// begun, or what holds the lock is no run, such as a verification, or the
	// store keeps no snapshots.
	Seen *progress.Snapshot
}

// Age returns how long ago the snapshot was taken.
func (r *Run) Age(now time.Time) time.Duration { return max(now.Sub(r.Seen.At), 0) }

// Stale reports whether the run should have stored a newer snapshot by now.
func (r *Run) Stale(now time.Time) bool { return r.Seen != nil && r.Age(now) > Fresh }

// holding is a backend that can tell who holds which session without taking it.
type holding interface {
	Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool]
}

// Held iterates the holders of locks that are in force, with the ids of their
// sessions. A lock whose holder is dead is not among them.
func Held(ctx context.Context, b state.Backend) iter.Seq2[string, *state.LockedError] {
	return func(yield func(string, *state.LockedError) bool) {
		h, ok := b.(holding)
		if !ok {
			return
		}
		for who, held := range h.Holders(ctx) {
			if held && !yield(who.Session, who) {
				return
			}
		}
	}
}

// Find returns the run of a session, or nil if no process holds the session.
func Find(ctx context.Context, b state.Backend, session string) (*Run, error) {
	for id, holder := range Held(ctx, b) {
		if id == session {
			return Of(ctx, b, holder)
		}
	}
	return nil, ctx.Err()
}

// Of returns the run by the holder of a session's lock.
func Of(ctx context.Context, b state.Backend, holder *state.LockedError) (*Run, error) {
	r := &Run{Holder: holder}
	journal, ok := b.(state.Journal)
	if !ok {
		return r, nil
	}
	document, _, err := journal.Snapshot(ctx, holder.Session)
	if errors.Is(err, state.ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	var seen progress.Snapshot
	if err := json.Unmarshal(document, &seen); err != nil {
		return nil, fmt.Errorf("read what the run of session %s is doing: %w", holder.Session, err)
	}
	if !seen.At.Before(holder.Since) { // else an earlier run left it
		r.Seen = &seen
	}
	return r, nil
}

// Timeline returns the entries of an item in the journal, oldest first; none
// where there is no journal.
func Timeline(ctx context.Context, b state.Backend, session string, it *state.Item) (entries []state.JournalEntry, err error) {
	journal, ok := b.(state.Journal)
	if !ok {
		return nil, nil
	}
	key := it.ID.Key()
	for e, err := range journal.Timeline(ctx, session, key) {
		if err != nil {
			return nil, err
		}
		if key != "" || e.Name == it.Name { // items without an identity lie with the stages
			entries = append(entries, e)
		}
	}
	return entries, nil
}
