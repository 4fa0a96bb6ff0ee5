package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// markingSource is a memorySource that marks its media and leaves out what is
// known.
type markingSource struct {
	*memorySource
	marks    map[string]string // by medium; "1" for the others
	resolved []string          // media, in the last listing
	notice   string
}

func (s *markingSource) Relist(ctx context.Context, o station.ListOptions) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		s.resolved = nil
		if s.notice != "" {
			o.Notice(s.notice)
		}
		of, known := map[string]int{}, map[string]bool{}
		for _, item := range s.items {
			of[item.ID.Medium]++
		}
		for item, err := range s.List(ctx, o.Window) {
			if err != nil {
				yield(item, err)
				return
			}
			medium := item.ID.Medium
			mark := s.marks[medium]
			if mark == "" {
				mark = "1"
			}
			if _, seen := known[medium]; !seen {
				if known[medium] = o.Known(medium, mark); !known[medium] {
					s.resolved = append(s.resolved, medium)
				}
			}
			if known[medium] {
				continue
			}
			item.Revision, item.Of = mark, of[medium]
			if !yield(item, nil) {
				return
			}
		}
	}
}

// part adds another part of a medium.
func (s *markingSource) part(medium string, part int, data string) {
	id := s.add("nothing yet", fmt.Sprintf("GX%02d0042.MP4", part), nil)
	delete(s.bytes, id.Key())
	item := &s.items[len(s.items)-1]
	item.ID.Medium, item.ID.Part, item.Size = medium, part, int64(len(data))
	s.bytes[item.ID.Key()] = []byte(data)
}

// TestAFinishedSessionLooksAgain: a capture window is no upload window. Every run
// lists, and resolves what is new or changed.
func TestAFinishedSessionLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, lib := pair(31, 4)
		src := &markingSource{memorySource: memory, marks: map[string]string{}}
		src.part("film", 1, "the first chapter")
		src.part("film", 2, "the second")
		o := options(t, src, lib)
		o.Window = media.Window{Start: src.items[0].CapturedAt, End: src.items[5].CapturedAt}
		for range 2 { // the bubble begins before the window: no clock decides
			mustSync(t, o)
		}
		if src.resolved != nil {
			t.Errorf("resolved again: %v", src.resolved)
		}
		src.items[0].CapturedAt = o.Window.Start
		src.add("late", "GX010099.MP4", []byte("uploaded a week later"))
		src.items[len(src.items)-1].CapturedAt = o.Window.Start
		if s := mustSync(t, o); !slices.Equal(src.resolved, []string{"late"}) || s.Items.Outcomes[state.OutcomeCreated] != 7 {
			t.Errorf("resolved %v, items %v", src.resolved, s.Items)
		}
		wantArrived(t, memory, lib)

		src.marks["film"] = "2"
		src.part("film", 3, "the third chapter")
		src.items[len(src.items)-1].CapturedAt = o.Window.Start
		if s := mustSync(t, o); !slices.Equal(src.resolved, []string{"film"}) || s.Items.Outcomes[state.OutcomeCreated] != 8 {
			t.Errorf("resolved %v, items %v", src.resolved, s.Items)
		}
		if mustSync(t, o); src.resolved != nil {
			t.Errorf("resolved again: %v", src.resolved)
		}
		wantArrived(t, memory, lib)
	})
}

// TestWhatTheSourceWorksOnIsResolvedAgain, and so is what failed, or was refused
// for a reason that may pass, until there is nothing more to say.
func TestWhatTheSourceWorksOnIsResolvedAgain(t *testing.T) {
	for _, code := range []string{media.RefusedTranscoding, media.RefusedIncomplete, media.RefusedNoOriginal} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory, lib := pair(32, 3)
				src := &markingSource{memorySource: memory}
				src.items[1].Refusal = &media.Refusal{Code: code, Reason: "for now"}
				o := options(t, src, lib)
				mustSync(t, o)
				mustSync(t, o)
				if again := slices.Equal(src.resolved, []string{"m001"}); again != (code != media.RefusedNoOriginal) {
					t.Errorf("resolved again: %v", src.resolved)
				}
				src.items[1].Refusal = &media.Refusal{Code: media.RefusedNoOriginal, Reason: "for good"}
				s := mustSync(t, o)
				mustSync(t, o)
				it, err := o.Backend.Item(t.Context(), s.SessionID, src.items[1].ID.Key())
				if err != nil || it.Refusal.Code != media.RefusedNoOriginal || src.resolved != nil {
					t.Errorf("kept %+v, %v, and resolved %v", it.Refusal, err, src.resolved)
				}
			})
		})
	}
}

// TestAListingThatDiedLosesNoPart: a medium of which the session holds some parts
// only is resolved again, wherever the run before died.
func TestAListingThatDiedLosesNoPart(t *testing.T) {
	for left := 1; left <= 40; left++ {
		synctest.Test(t, func(t *testing.T) {
			memory, lib := pair(33, 1)
			src := &markingSource{memorySource: memory}
			for part := range 5 {
				src.part("film", part+1, fmt.Sprint("chapter ", part))
			}
			o := options(t, src, lib)
			inner := o.Backend
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			o.Backend = crash.Backend{Backend: inner, Countdown: crash.After(left, cancel)}
			_, _ = gondola.Sync(ctx, o)
			o.Backend = inner
			if s := mustSync(t, o); s.Outcome != gondola.OutcomeComplete || s.Items.Total != 6 {
				t.Errorf("died after %d writes: %s, %v", left, s.Outcome, s.Items)
			}
			wantArrived(t, memory, lib)
		})
	}
}

// TestSessionsWithoutMarksAreMarked: a session of an earlier version resolves
// everything once.
func TestSessionsWithoutMarksAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, lib := pair(34, 5)
		o := options(t, memory, lib)
		mustSync(t, o)
		src := &markingSource{memorySource: memory}
		o.Source = src
		var events int
		stop := observe(&o, func(e progress.Event) {
			if _, ok := e.(progress.Item); ok {
				events++
			}
		})
		mustSync(t, o)
		stop()
		if len(src.resolved) != 5 || events != 0 {
			t.Errorf("resolved %v, %d events of items", src.resolved, events)
		}
		if mustSync(t, o); src.resolved != nil {
			t.Errorf("resolved again: %v", src.resolved)
		}
		wantArrived(t, memory, lib)
	})
}

// TestTheSummaryKeepsWarnings of the source, which are events too.
func TestTheSummaryKeepsWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, lib := pair(35, 1)
		o := options(t, &markingSource{memorySource: memory, notice: "counts two more"}, lib)
		var notices []string
		stop := observe(&o, func(e progress.Event) {
			if n, ok := e.(progress.Notice); ok {
				notices = append(notices, n.Text)
			}
		})
		s := mustSync(t, o)
		stop()
		if want := []string{"counts two more"}; !slices.Equal(s.Warnings, want) || !slices.Equal(notices, want) || s.Outcome != gondola.OutcomeComplete {
			t.Errorf("summary %q, events %q, %s", s.Warnings, notices, s.Outcome)
		}
	})
}

// What a source cannot read is counted as failed, and the rest is carried; the
// session does not pass for all that its window holds.
func TestUnreadPartsLeaveTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(5, 7)
		unread := &station.UnreadError{Parts: 3, First: []string{"beach: permission denied"}}
		src.listErr = &fault.Error{Class: fault.Item, Code: fault.ListingIncomplete, Op: "list gopro:", Err: unread, Hint: "make them readable"}
		shown := inspect(lib)
		o := options(t, src, shown)
		p, planErr := gondola.MakePlan(t.Context(), o, nil)
		if !errors.Is(planErr, unread) || p == nil || p.Items != 7 || p.Bytes == 0 {
			t.Errorf("plan %+v, %v", p, planErr)
		}
		s := mustSync(t, o)
		if s.Outcome != gondola.OutcomePartial || s.Items.Outcomes[state.OutcomeCreated] != 7 || s.Items.Outcomes[state.OutcomeFailed] != 3 || s.Items.Total != 10 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		const want = "list gopro:: beach: permission denied; and 2 more; make them readable"
		if !slices.Equal(s.Warnings, []string{want}) {
			t.Errorf("warnings %q", s.Warnings)
		}
		v, err := gondola.Verify(t.Context(), gondola.VerifyOptions{SessionID: o.SessionID, Destination: shown, Backend: o.Backend})
		if err != nil || v.Listed || v.Proven() {
			t.Errorf("a verification takes the listing for whole: %+v, %v", v, err)
		}
		src.listErr = nil
		if s = mustSync(t, o); s.Outcome != gondola.OutcomeComplete || len(s.Warnings) > 0 {
			t.Errorf("when all can be read: outcome %s, %q", s.Outcome, s.Warnings)
		}
	})
}
