package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openBackend(t testing.TB, dir string) state.Backend {
	t.Helper()
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func options(t testing.TB, src station.Source, lib station.Destination) gondola.Options {
	return gondola.Options{Source: src, Destination: lib, Backend: openBackend(t, t.TempDir()), SessionID: "s"}
}

func mustSync(t testing.TB, o gondola.Options) *gondola.Summary {
	t.Helper()
	time.Sleep(time.Millisecond) // no two runs begin at the same moment
	s, err := gondola.Sync(t.Context(), o)
	if err != nil {
		t.Fatalf("Sync: %v", err)
	}
	return s
}

func TestEverythingArrivesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 23)
		o := options(t, src, lib)
		s := mustSync(t, o)
		wantArrived(t, src, lib)
		if s.Outcome != gondola.OutcomeComplete || s.Items.Outcomes[state.OutcomeCreated] != 23 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		if lib.calls > 6 {
			t.Errorf("%d create calls for 23 items in batches of 5", lib.calls)
		}

		received := lib.received
		s = mustSync(t, o)
		if lib.received != received || s.Moved.Uploaded != 0 || s.Moved.Downloaded != 0 {
			t.Errorf("a second run sent %d bytes", lib.received-received)
		}
		if s.Outcome != gondola.OutcomeComplete {
			t.Errorf("second run: outcome %s", s.Outcome)
		}
	})
}

func TestStorm(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(seed, 15)
				src.weather.storm = 0.15
				o := options(t, src, lib)
				for range 10 {
					s, err := gondola.Sync(t.Context(), o)
					if err != nil && fault.ClassOf(err) == fault.Session {
						t.Fatal(err)
					}
					if s.Outcome == gondola.OutcomeComplete {
						break
					}
				}
				wantArrived(t, src, lib)
			})
		})
	}
}

func TestOneBadItemNeverHarmsItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(4, 12)
		gone := src.items[3].ID.Key()
		kept := src.bytes[gone]
		delete(src.bytes, gone)
		rejected := src.bytes[src.items[5].ID.Key()]
		lib.reject[digest(rejected)] = true
		o := options(t, src, lib)
		s := mustSync(t, o)
		if s.Outcome != gondola.OutcomePartial || s.Items.Outcomes[state.OutcomeFailed] != 2 || s.Items.Outcomes[state.OutcomeCreated] != 10 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}

		src.bytes[gone] = kept
		delete(lib.reject, digest(rejected))
		if s = mustSync(t, o); s.Outcome != gondola.OutcomeComplete {
			t.Errorf("after the causes are gone: outcome %s, items %v", s.Outcome, s.Items)
		}
		wantArrived(t, src, lib)
	})
}

func TestRejectedForGoodIsNotCarriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(5, 1)
		lib.reject[digest(src.bytes[src.items[0].ID.Key()])] = true
		o := options(t, src, lib)
		for range 8 {
			mustSync(t, o)
			time.Sleep(24 * time.Hour) // every receipt is stale by the next run
		}
		if most := 3 * int64(len(src.bytes[src.items[0].ID.Key()])); lib.received > most {
			t.Errorf("%d bytes sent over 8 runs, want at most %d", lib.received, most)
		}
	})
}

func TestRefusedItemsAreSkippedBeforeTheirBytesMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(6, 2)
		src.add("empty", "GOPR0001.JPG", nil)
		s := mustSync(t, options(t, src, lib))
		if s.Outcome != gondola.OutcomeComplete || s.Items.Outcomes[state.OutcomeSkipped] != 1 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		wantArrived(t, src, lib)
	})
}

func TestEqualNamesAndEqualContents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(7, 0)
		src.add("a", "GX010042.MP4", []byte("from one camera"))
		src.add("b", "GX010042.MP4", []byte("from the other"))
		src.add("c", "gx010042.mp4", []byte("and a third"))
		src.add("d", "COPY.MP4", []byte("from one camera"))
		src.add("e", "GX010043.MP4", []byte("stored at the same time"))
		src.add("f", "gx010043.mp4", []byte("as this one"))
		s := mustSync(t, options(t, src, lib))
		if s.Outcome != gondola.OutcomeComplete || s.Items.Outcomes[state.OutcomeCreated] != 6 {
			t.Errorf("outcome %s, items %v", s.Outcome, s.Items)
		}
		wantArrived(t, src, lib)
		for id, name := range lib.names {
			if name == "" || strings.ContainsAny(name, "/\\") {
				t.Errorf("%s is named %q", id, name)
			}
		}
	})
}

func TestTheLedgerSparesASecondSessionTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(8, 6)
		o := options(t, src, lib)
		mustSync(t, o)
		received := lib.received
		for i := range src.items {
			src.items[i].Size = media.SizeUnknown // the ledger knows it
		}
		o.SessionID = "another"
		s := mustSync(t, o)
		if s.Items.Outcomes[state.OutcomeAlreadyThere] != 6 || lib.received != received || s.Items.Bytes != received || s.Items.Carried != received {
			t.Errorf("items %v, %d bytes sent again", s.Items, lib.received-received)
		}
		lib.account = "gphotos:another"
		lib.items = map[string]string{}
		o.SessionID = "third"
		if s = mustSync(t, o); s.Items.Outcomes[state.OutcomeCreated] != 6 {
			t.Errorf("into another account: items %v", s.Items)
		}
	})
}

func TestListingThatCannotBeProvenFailsLoudly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(11, 5)
		src.listErr = &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list gopro: 5 of 9 items"}
		o := options(t, src, lib)
		s, err := gondola.Sync(t.Context(), o)
		if fault.CodeOf(err) != fault.ListingIncomplete || s.Outcome != gondola.OutcomeFailed {
			t.Errorf("Sync = %v, %v", s, err)
		}
		wantArrived(t, src, lib) // what was listed is carried all the same
		src.listErr = nil
		src.add("late", "GX010099.MP4", []byte("listed at last"))
		mustSync(t, o)
		wantArrived(t, src, lib)
	})
}

func TestOpenWindowTakesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(12, 2)
		o := options(t, src, lib)
		mustSync(t, o)
		src.add("new", "GX010077.MP4", []byte("shot since"))
		mustSync(t, o)
		wantArrived(t, src, lib)
	})
}

func TestHooksSeeEachStageOnceInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(13, 9)
		o := options(t, src, lib)
		var starts, ends []state.Stage
		var created int
		o.Hooks = gondola.Hooks{
			StageStart: func(_ context.Context, s state.Stage) error { starts = append(starts, s); return nil },
			StageComplete: func(_ context.Context, s state.Stage, session *state.Session, answers []station.BatchResult, err error) error {
				ends = append(ends, s)
				for _, a := range answers {
					created += len(a.Results)
				}
				return nil
			},
		}
		mustSync(t, o)
		want := []state.Stage{state.Discovery, state.Transfer, state.Create}
		if !slices.Equal(starts, want) || !slices.Equal(ends, want) {
			t.Errorf("starts %v, ends %v", starts, ends)
		}
		if created != 9 {
			t.Errorf("the hook saw %d created items", created)
		}
	})
}

func TestFailFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(14, 30)
		delete(src.bytes, src.items[0].ID.Key())
		o := options(t, src, lib)
		o.FailFast, o.Transfers = true, 1
		s, err := gondola.Sync(t.Context(), o)
		if err == nil || s.Outcome != gondola.OutcomeFailed || !strings.Contains(err.Error(), src.items[0].Name) {
			t.Errorf("Sync = %+v, %v", s, err)
		}
		if s.Items.Outcomes[state.OutcomeCreated] == 29 {
			t.Errorf("went on to the end: %v", s.Items)
		}
	})
}

// TestFailFastKeepsTheRestOfItsBatch: what one call registered beside the item
// that ends the run is known to be there.
func TestFailFastKeepsTheRestOfItsBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(16, 6)
		for _, item := range src.items[1:] {
			lib.reject[digest(src.bytes[item.ID.Key()])] = item.ID == src.items[5].ID
		}
		o := options(t, src, lib)
		o.FailFast, o.Transfers = true, 1
		if s, err := gondola.Sync(t.Context(), o); err == nil || s.Items.Outcomes[state.OutcomeCreated] != len(lib.items) {
			t.Errorf("%d items are there, on record %v, %v", len(lib.items), s.Items, err)
		}
	})
}

func TestAlbum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(15, 8)
		o := options(t, src, lib)
		o.Album = "Holidays"
		mustSync(t, o)
		if got := len(lib.albums["Holidays"]); got != 8 {
			t.Errorf("the album holds %d items, want 8", got)
		}

		delete(lib.albums, "Holidays") // as people do
		src.add("new", "GX010078.MP4", []byte("shot since"))
		mustSync(t, o)
		if got := len(lib.albums["Holidays"]); got != 1 {
			t.Errorf("the album that took its place holds %d items, want 1", got)
		}
	})
}

func TestPlanChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(18, 7)
		src.add("empty", "GOPR0001.JPG", nil)
		o := options(t, src, lib)
		var seen int
		p, err := gondola.MakePlan(t.Context(), o, func(gondola.PlannedItem) error { seen++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if p.Items != 7 || p.Skips[media.RefusedEmpty] != 1 || seen != 8 || p.Bytes == 0 {
			t.Errorf("plan %+v, %d items seen", p, seen)
		}
		if lib.received != 0 || lib.calls != 0 {
			t.Error("the plan touched the destination")
		}
		if _, err := o.Backend.Session(t.Context(), "s"); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("the plan left a session: %v", err)
		}
		mustSync(t, o)
		if p, err = gondola.MakePlan(t.Context(), o, func(gondola.PlannedItem) error { return nil }); err != nil || p.Items != 0 || p.AlreadyThere != 7 {
			t.Errorf("after a sync: plan %+v, %v", p, err)
		}

		lib.account, lib.items = "gphotos:somebody", map[string]string{}
		if _, err := gondola.MakePlan(t.Context(), o, nil); fault.CodeOf(err) != fault.Auth {
			t.Errorf("plan for another account: %v, want the fault that Sync would end with", err)
		}
	})
}
