package stationtest_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// syncToys carries what a toy source holds to a toy destination, with its sessions
// and the ledger in a directory.
func syncToys(t *testing.T, dir string, from *toySource, to *toyDestination, session string) *gondola.Summary {
	t.Helper()
	store, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s, err := gondola.Sync(t.Context(), gondola.Options{Source: from, Destination: to, Backend: store, SessionID: session, Transfers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReceiptsWithoutTokenShareACall: the receipts of a toy hold no token and can
// be spent again. None of them is taken for a twin of another one, so that calls
// are full, items with equal bytes included.
func TestReceiptsWithoutTokenShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var library []stationtest.File
		for n := range 41 {
			f := toyUploadFile(n, 1000)
			f.Data = noise(uint64(n%7), 1000)
			library = append(library, f)
		}
		vault := newToyVault()
		s := syncToys(t, t.TempDir(), &toySource{newToyShelf(library), "home", ""}, &toyDestination{vault, "home", ""}, "s")
		if s.Outcome != "complete" || s.Items.Outcomes[state.OutcomeCreated] != 41 || len(vault.held) != 41 {
			t.Errorf("outcome %s, items %v, %d held", s.Outcome, s.Items, len(vault.held))
		}
		// The first call has one entry, so that what stands in the way shows early.
		if !slices.Equal(vault.calls, []int{1, 20, 20}) {
			t.Errorf("calls of %v entries, want 1, 20 and 20", vault.calls)
		}
	})
}

// TestToysAreCarried carries the library of the suite, refusals included.
func TestToysAreCarried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		library := toyLibrary("home")
		vault := newToyVault()
		s := syncToys(t, t.TempDir(), &toySource{newToyShelf(library), "home", ""}, &toyDestination{vault, "home", ""}, "s")
		if s.Outcome != "complete" || len(vault.held) != len(library)-1 {
			t.Errorf("outcome %s, %d of %d files held", s.Outcome, len(vault.held), len(library))
		}
		for _, f := range library {
			if f.Item.Refusal == nil && !slices.ContainsFunc(vault.held, func(it stationtest.Held) bool { return it.SHA256 == hexSum(f.Data) }) {
				t.Errorf("%s has not arrived", f.Item.Name)
			}
		}
	})
}

// TestOriginsAreCarriedApart carries two origins whose media have equal names to
// one destination, with one ledger: everything of both arrives, and nothing again.
func TestOriginsAreCarriedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, vault := t.TempDir(), newToyVault()
		to := &toyDestination{vault, "home", ""}
		for run := range 2 {
			for _, origin := range []string{"one", "other"} {
				from := &toySource{newToyShelf(toyLibrary(origin)), origin, ""}
				s := syncToys(t, dir, from, to, origin)
				if s.Outcome != "complete" || s.Items.Outcomes[state.OutcomeSkipped] != 1 {
					t.Errorf("run %d of origin %s: outcome %s, items %v", run, origin, s.Outcome, s.Items)
				}
			}
			if want := 2 * (len(toyLibrary("one")) - 1); len(vault.held) != want {
				t.Errorf("after run %d: %d held, want %d", run, len(vault.held), want)
			}
		}
	})
}
