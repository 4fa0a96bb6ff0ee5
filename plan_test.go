package gondola_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// counting is a library that counts uploads by key.
type counting struct {
	*memoryLibrary
	uploaded chan string
}

func (l counting) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	l.uploaded <- u.Item.ID.Key()
	return l.memoryLibrary.Upload(ctx, u)
}

// TestAPlanIsWhatARunDoes with refusals, a ledger, a limit, and sessions
// that q2google began, in which media share names.
func TestAPlanIsWhatARunDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(rt, "items")
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"plain", "empty", "unready", "shared", "unknown"}), n, n).Draw(rt, "kinds")
		known := rapid.SliceOfN(rapid.SampledFrom([]string{"", "ledger", "pending", "created"}), n, n).Draw(rt, "known")
		foreign := rapid.Bool().Draw(rt, "begun by q2google")
		most := rapid.IntRange(0, 4).Draw(rt, "most items")
		synctest.Test(t, func(t *testing.T) {
			src, lib := pair(1, 0)
			uploads := counting{lib, make(chan string, 100)}
			o := inMemory(t, src, uploads)
			o.Filter.MaxItems = most
			if foreign {
				day := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
				o.Window = media.Window{Start: day, End: day.Add(24*time.Hour - 1)}
				began := state.NewSession("s", o.Window, time.Now())
				began.Window = nil
				if err := o.Backend.PutSession(t.Context(), began); err != nil {
					rt.Fatal(err)
				}
			}
			for i, kind := range kinds {
				prepare(rt, t, o, src, i, kind, known[i], foreign)
			}
			plan, err := gondola.MakePlan(t.Context(), o, nil)
			if err != nil {
				rt.Fatal(err)
			}
			s := mustSync(t, o)
			if got := len(uploads.uploaded); got != plan.Items {
				rt.Errorf("%d uploads, the plan has %d: %+v", got, plan.Items, plan)
			}
			skips := 0
			for _, n := range plan.Skips {
				skips += n
			}
			if got := s.Items.Outcomes[state.OutcomeSkipped]; got != skips {
				rt.Errorf("%d skipped, the plan has %d", got, skips)
			}
			if again, err := gondola.MakePlan(t.Context(), o, nil); err != nil || again.Items != 0 {
				rt.Errorf("after the run: %+v, %v", again, err)
			}
		})
	})
}

// prepare adds an item to the source, and what is known of it to the store.
func prepare(rt *rapid.T, t *testing.T, o gondola.Options, src *memorySource, i int, kind, known string, foreign bool) {
	name := fmt.Sprintf("GX01%04d.MP4", i)
	data := fmt.Appendf(nil, "the bytes of %d", i)
	if kind == "empty" {
		data = nil
	}
	src.add(fmt.Sprint("m", i), name, data)
	item := &src.items[i]
	item.LegacyName = name
	switch kind {
	case "unready":
		item.Refusal = &media.Refusal{Code: media.RefusedTranscoding}
	case "unknown":
		item.Size = media.SizeUnknown
	case "shared":
		if i > 0 {
			item.Name, item.LegacyName = src.items[i-1].Name, src.items[i-1].LegacyName
			known = ""
		}
	}
	if known == "ledger" && kind != "empty" && kind != "unready" {
		err := o.Backend.Record(t.Context(), state.LedgerEntry{Account: "gphotos:me", Key: item.ID.Key(), DestinationID: "x", Size: 1, At: time.Now()})
		if err != nil {
			rt.Fatal(err)
		}
	}
	if !foreign || known == "" || known == "ledger" {
		return
	}
	it := &state.Item{Item: media.Item{Name: name, Size: int64(len(data))}, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
	if known == "created" {
		it.Transfer, it.Create, it.DestinationID = state.Completed, state.Completed, "theirs"
	}
	if err := o.Backend.PutItems(t.Context(), "s", it); err != nil {
		rt.Fatal(err)
	}
}

// paced is a library that takes two writes a minute.
type paced struct{ *memoryLibrary }

func (paced) Pace() station.Pace { return station.Pace{Writes: 2, Per: time.Minute} }

func (p paced) Gate(station.WriteGate) station.Destination { return p }

// TestAPlanKnowsThePace: of four create calls the first two go at once.
func TestAPlanKnowsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(10, 7)
		o := inMemory(t, src, paced{lib})
		o.BatchSize = 2
		plan, err := gondola.MakePlan(t.Context(), o, nil)
		if err != nil || plan.Items != 7 || plan.Paced != time.Minute {
			t.Errorf("%+v, %v", plan, err)
		}
		o.Destination = lib
		if plan, err = gondola.MakePlan(t.Context(), o, nil); err != nil || plan.Paced != 0 {
			t.Errorf("without a pace: %+v, %v", plan, err)
		}
	})
}
