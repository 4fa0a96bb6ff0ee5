package statetest

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

//go:embed testdata
var testdata embed.FS

// rows are what a recorded store holds: sessions, the ledger, and the journal of
// one session.
type rows struct {
	Sessions []*state.Document
	Ledger   []state.LedgerEntry
	Journal  []state.JournalEntry
}

const journalled = "every field"

func readRows(t *testing.T, version string) (r rows) {
	t.Helper()
	data, err := testdata.ReadFile("testdata/" + version + ".json")
	must(t, err)
	must(t, json.Unmarshal(data, &r))
	return r
}

// Record stores what [Recorded] expects, for the next version of a store's format.
// The store has to be opened with a clock that stands still.
func Record(t *testing.T, b state.Backend) {
	t.Helper()
	r, ctx := readRows(t, "v2"), t.Context()
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

// Recorded checks that a store which an earlier version wrote holds each row that
// it wrote: as a reader that changes nothing sees it, after the first change, and
// opened again. Version v1 is what the first version of each store holds; v2 has a
// session with every field set, one that another program began, and a journal.
func Recorded(t *testing.T, version string, open, existing func(t *testing.T) state.Backend) {
	r, ctx := readRows(t, version), t.Context()
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
		r.goOn(t, again, d)
	}
	must(t, again.Record(ctx, r.Ledger...))
	r.check(t, "stored again", again)
}

// goOn stores a session anew, in the newest form, under its lock.
func (r rows) goOn(t *testing.T, b state.Backend, d *state.Document) {
	t.Helper()
	ctx := t.Context()
	lock, err := b.Lock(ctx, d.Session.ID)
	must(t, err)
	added := item(1000)
	must(t, b.PutItems(ctx, d.Session.ID, append([]*state.Item{added}, d.Items...)...))
	if added.Seq != int64(len(d.Items)+1) {
		t.Errorf("session %s goes on at item %d", d.Session.ID, added.Seq)
	}
	d.Items = append(d.Items, added)
	must(t, b.PutSession(ctx, d.Session))
	must(t, lock.Unlock())
}

func (r rows) check(t *testing.T, when string, b state.Backend) {
	t.Helper()
	ctx := t.Context()
	for _, want := range r.Sessions {
		id := want.Session.ID
		header, err := b.Session(ctx, id)
		must(t, err)
		got := &state.Document{Session: header, Items: collect(t, b.Items(ctx, id, state.Query{})), Batches: collect(t, b.Batches(ctx, id))}
		got.Session.UpdatedAt = want.Session.UpdatedAt
		equal(t, when+": session "+id, indented(t, want), indented(t, got))
		for _, it := range want.Items {
			got, err := b.ItemNamed(ctx, id, it.Name)
			must(t, err)
			equal(t, fmt.Sprintf("%s: item %d of %s", when, it.Seq, id), it, got)
		}
		for _, q := range queries() {
			equal(t, fmt.Sprintf("%s: %+v", when, q), names(found(want.Items, q)), names(collect(t, b.Items(ctx, id, q))))
		}
	}
	r.checkLedger(t, when, b)
	if r.Journal == nil {
		return
	}
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
