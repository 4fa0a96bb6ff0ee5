package statetest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

//go:embed testdata/recorded.json
var recordedRows []byte

// rows are what a store holds: sessions, among them one with every field set and
// one that another program began, the ledger, and the journal of the former.
type rows struct {
	Sessions []*state.Document
	Ledger   []state.LedgerEntry
	Journal  []state.JournalEntry
}

const journalled = "every field"

func readRows(t *testing.T) (r rows) {
	t.Helper()
	must(t, json.Unmarshal(recordedRows, &r))
	return r
}

// Record stores what [RecordedRows] expects, for the next version of a store's
// format. The store has to be opened with a clock that stands still.
func Record(t *testing.T, b state.Backend) {
	t.Helper()
	r, ctx := readRows(t), t.Context()
	for _, d := range r.Sessions {
		must(t, b.PutSession(ctx, d.Session))
		must(t, b.PutItems(ctx, d.Session.ID, d.Items...))
		for _, batch := range d.Batches {
			must(t, b.PutBatch(ctx, d.Session.ID, batch))
		}
	}
	must(t, b.Record(ctx, r.Ledger...))
	must(t, b.(state.Journal).Append(ctx, journalled, r.Journal...))
}

// RecordedRows checks that a store holds each row that [Record] stored: as a reader
// that changes nothing sees it, after the first change, and opened again.
func RecordedRows(t *testing.T, open, existing func(t *testing.T) state.Backend) {
	r, ctx := readRows(t), t.Context()
	b := existing(t)
	r.check(t, "before a change", b)
	for _, d := range r.Sessions {
		must(t, b.DeleteBatch(ctx, d.Session.ID, 5)) // any change
	}
	r.check(t, "after a change", b)
	must(t, b.Close())
	again := open(t)
	defer again.Close()
	r.check(t, "opened again", again)
	for _, d := range r.Sessions {
		must(t, again.PutItems(ctx, d.Session.ID, d.Items...)) // in the newest form
	}
	r.check(t, "stored again", again)
}

func (r rows) check(t *testing.T, when string, b state.Backend) {
	t.Helper()
	ctx := t.Context()
	for _, want := range r.Sessions {
		id := want.Session.ID
		header, err := b.Session(ctx, id)
		must(t, err)
		got := &state.Document{Session: header, Items: collect(t, b.Items(ctx, id, state.ItemQuery{})), Batches: collect(t, b.Batches(ctx, id))}
		got.Session.UpdatedAt = want.Session.UpdatedAt
		equal(t, when+": session "+id, indented(t, want), indented(t, got))
		for _, it := range want.Items {
			found, err := b.ItemNamed(ctx, id, it.Name)
			must(t, err)
			equal(t, fmt.Sprintf("%s: item %d of %s", when, it.Seq, id), it, found)
		}
	}
	r.checkLedger(t, when, b)
	journal := collect(t, b.(state.Journal).Newest(ctx, journalled))
	slices.Reverse(journal)
	equal(t, when+": journal", r.Journal, journal)
}

func (r rows) checkLedger(t *testing.T, when string, b state.Backend) {
	t.Helper()
	for _, want := range r.Ledger {
		got, err := b.Recall(t.Context(), want.Account, want.Key)
		if want.Gone && errors.Is(err, state.ErrNotFound) {
			continue
		}
		must(t, err)
		equal(t, when+": ledger", &want, got)
	}
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	must(t, err)
	return string(text)
}
