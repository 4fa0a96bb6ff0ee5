package statetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// testAlbums keeps albums of any title in the ledger, and locks them beside the
// sessions without leaving one.
func testAlbums(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	second := b
	if !h.Volatile {
		second = h.open(t)
	}
	at := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	for _, title := range []string{
		"Holidays", "a/b/../c%2F", `"q'uo;te$` + "`", "Café", strings.Repeat("é", 500), strings.Repeat("😀", 500), strings.Repeat("😀", 499) + "x",
	} {
		entry := state.LedgerEntry{Account: "gphotos:a", Key: state.AlbumKey(title), Session: "s", At: at}
		for _, id := range []string{"", "AF1QipOne"} { // begun, then known
			entry.DestinationID = id
			must(t, b.Record(ctx, entry))
			got, err := second.Recall(ctx, entry.Account, entry.Key)
			must(t, err)
			equal(t, "album", &entry, got)
		}
		_, err := second.Recall(ctx, "gphotos:b", entry.Key)
		wantNotFound(t, "the album of another account", err)
	}

	name := state.AccountLock("gphotos:3f9a1c")
	lock, err := b.Lock(ctx, name)
	must(t, err)
	if _, err := second.Lock(ctx, name); !isLocked(err) {
		t.Errorf("Lock of an account that is locked: %v", err)
	}
	other, err := second.Lock(ctx, state.AccountLock("gphotos:another"))
	must(t, err)
	must(t, other.Unlock())
	must(t, lock.Unlock())
	lock, err = second.Lock(ctx, name)
	must(t, err)
	must(t, lock.Unlock())
	if got := collect(t, b.Sessions(ctx)); len(got) != 0 {
		t.Errorf("locking accounts left %d sessions", len(got))
	}
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*state.LockedError](err)
	return ok
}

// testFiling puts items into their albums one after the other, as the engine does.
func testFiling(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 30)
	for i, it := range list {
		it.Transfer, it.Create = state.Completed, state.Completed
		if i%3 == 0 {
			it.Unfiled = []media.Album{{Title: "Summer"}, {ID: "a1", Title: "Sea"}}
		}
	}
	must(t, b.PutItems(ctx, "s", list...))
	filing := func() []*state.Item { return collect(t, b.Items(ctx, "s", state.Query{Awaiting: state.Filing})) }
	waiting := filing()
	if len(waiting) != 10 || waiting[0].Outcome() != state.OutcomePending {
		t.Fatalf("%d items are to be put into albums", len(waiting))
	}
	for i, it := range waiting {
		if it.Unfiled = it.Unfiled[1:]; i == 0 {
			it.FilingError = &state.ErrorRecord{Type: fault.Gone, Class: fault.Item, Message: "it is gone", Attempt: 1, At: recordedAt}
		}
		must(t, b.PutItems(ctx, "s", it))
	}
	counts, err := b.Counts(ctx, "s")
	must(t, err)
	equal(t, "outcomes", map[state.Outcome]int{state.OutcomeCreated: 20, state.OutcomePending: 9, state.OutcomeFailed: 1}, counts.Outcomes)
	equal(t, "items", waiting, filing())
	for _, it := range waiting {
		it.Unfiled, it.FilingError = nil, nil
	}
	must(t, b.PutItems(ctx, "s", waiting...))
	if n := len(filing()); n != 0 {
		t.Errorf("%d items are still to be put into albums", n)
	}
}
