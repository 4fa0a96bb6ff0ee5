package observe_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

var began = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)

// holders is a backend that knows who holds its sessions, and no more.
type holders struct {
	state.Backend
	dead bool
}

func (h holders) Holders(context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(*state.LockedError, bool) bool) {
		_ = yield(&state.LockedError{Session: "other", PID: 1, Since: began}, true) &&
			yield(&state.LockedError{Session: "s", PID: 7, Since: began}, !h.dead)
	}
}

// journal is one that also keeps a snapshot and entries.
type journal struct {
	holders
	state.Journal
	seen    any // nil: none; an error, or what is marshalled
	entries []state.JournalEntry
}

func (j journal) Snapshot(_ context.Context, session string) ([]byte, time.Time, error) {
	switch seen := j.seen.(type) {
	case nil:
		return nil, time.Time{}, state.ErrNotFound
	case error:
		return nil, time.Time{}, seen
	}
	document, err := json.Marshal(j.seen)
	return document, began, err
}

func (j journal) Timeline(_ context.Context, session, key string) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(state.JournalEntry, error) bool) {
		for _, e := range j.entries {
			if e.Key == key && !yield(e, nil) {
				return
			}
		}
	}
}

func TestFind(t *testing.T) {
	at := func(after time.Duration) progress.Snapshot { return progress.Snapshot{At: began.Add(after)} }
	broken := errors.New("the store is broken")
	for _, tc := range []struct {
		name       string
		b          state.Backend
		runs, seen bool
		fails      bool
	}{
		{"no process holds it", struct{ state.Backend }{}, false, false, false},
		{"the holder is dead", journal{holders: holders{dead: true}, seen: at(time.Second)}, false, false, false},
		{"the store keeps no snapshots", holders{}, true, false, false},
		{"there is none yet", journal{}, true, false, false},
		{"an earlier run left it", journal{seen: at(-time.Second)}, true, false, false},
		{"the run stored it", journal{seen: at(time.Second)}, true, true, false},
		{"it is none", journal{seen: "x"}, false, false, true},
		{"it cannot be read", journal{seen: broken}, false, false, true},
	} {
		r, err := observe.Find(t.Context(), tc.b, "s")
		if (r != nil) != tc.runs || (r != nil && r.Seen != nil) != tc.seen || (err != nil) != tc.fails {
			t.Errorf("%s: %+v, %v", tc.name, r, err)
		}
		if r != nil && r.Holder.PID != 7 {
			t.Errorf("%s: held by process %d", tc.name, r.Holder.PID)
		}
	}
}

func TestStale(t *testing.T) {
	r := &observe.Run{}
	if r.Stale(began) {
		t.Error("a run without a snapshot is stale")
	}
	r.Seen = &progress.Snapshot{At: began}
	for after, want := range map[time.Duration]bool{-time.Hour: false, observe.Fresh: false, observe.Fresh + 1: true} {
		if got := r.Stale(began.Add(after)); got != want {
			t.Errorf("after %v: stale %t, want %t", after, got, want)
		}
	}
	if age := r.Age(began.Add(-time.Hour)); age != 0 {
		t.Errorf("seen by a clock that is ahead: %v ago, want 0", age)
	}
}

// TestTimeline: the entries of items that are known by name alone lie with those
// of the stages.
func TestTimeline(t *testing.T) {
	item := &state.Item{Item: media.Item{ID: media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, Name: "a.MP4"}}
	named := &state.Item{Item: media.Item{Name: "old.MP4"}}
	entries := []state.JournalEntry{
		{Key: item.ID.Key(), Name: "before.MP4", Stage: state.Discovery},
		{Stage: state.Transfer},
		{Name: "old.MP4", Stage: state.Create},
		{Name: "older.MP4", Stage: state.Create},
		{Key: item.ID.Key(), Name: "a.MP4", Stage: state.Transfer},
	}
	b := journal{entries: entries}
	for _, tc := range []struct {
		b    state.Backend
		it   *state.Item
		want []state.JournalEntry
	}{
		{b, item, []state.JournalEntry{entries[0], entries[4]}},
		{b, named, entries[2:3]},
		{holders{}, item, nil},
	} {
		got, err := observe.Timeline(t.Context(), tc.b, "s", tc.it)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tc.it.Name, err, diff)
		}
	}
}
