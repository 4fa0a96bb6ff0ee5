package mongo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/statetest"
)

// plantRecorded stores the documents of a file, a line each.
func (d database) plantRecorded(t *testing.T, file string) {
	t.Helper()
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var recorded struct {
			Collection string
			Document   bson.D
		}
		if err := bson.UnmarshalExtJSON(line, true, &recorded); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Collection(recorded.Collection).InsertOne(t.Context(), recorded.Document); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecorded opens a database with the documents that the first version wrote.
func TestRecorded(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.plantRecorded(t, "testdata/v1.jsonl")
	opener := func(o mongo.Options) func(*testing.T) state.Backend {
		return func(t *testing.T) state.Backend { return open(t, db.at(""), o) }
	}
	statetest.Recorded(t, opener(mongo.Options{}), opener(mongo.Options{Existing: true}))
}

// recordedRows is what schema version 1 holds in testdata/v1-full.jsonl: a session
// with every field, one that q2google began, the ledger and a journal.
type recordedRows struct {
	Sessions []*state.Document
	Ledger   []state.LedgerEntry
	Journal  []state.JournalEntry
}

// TestRecordedInFull compares each row of a recorded database with what it was,
// before the first change and after it.
func TestRecordedInFull(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	db.plantRecorded(t, "testdata/v1-full.jsonl")
	data, err := os.ReadFile("testdata/v1-full.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows recordedRows
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	b := open(t, db.at(""), mongo.Options{Existing: true})
	rows.check(t, "before a change", b)
	for _, d := range rows.Sessions {
		if err := b.DeleteBatch(ctx, d.Session.ID, 5); err != nil { // any change
			t.Fatal(err)
		}
	}
	rows.check(t, "after a change", b)
	rows.check(t, "opened again", open(t, db.at(""), mongo.Options{}))
}

// check compares what a backend holds with the rows.
func (r recordedRows) check(t *testing.T, when string, b *mongo.Backend) {
	t.Helper()
	ctx := t.Context()
	for _, d := range r.Sessions {
		id := d.Session.ID
		header, err := b.Session(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		items := collect(t, b.Items(ctx, id, all))
		wantJSON(t, when+": session "+id, d, &state.Document{Session: header, Items: items, Batches: collect(t, b.Batches(ctx, id))})
		for _, it := range d.Items {
			got, err := b.ItemNamed(ctx, id, it.Name)
			if err != nil {
				t.Fatal(err)
			}
			want(t, fmt.Sprintf("%s: item %d of %s", when, it.Seq, id), it, got)
		}
		want(t, when+": names of "+id, namesOf(d.Items), namesOf(items))
	}
	for _, e := range r.Ledger {
		got, err := b.Recall(ctx, e.Account, e.Key)
		if e.Gone && err == state.ErrNotFound {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want(t, when+": ledger", e, *got)
	}
	journal := collect(t, b.Newest(ctx, "every field"))
	slices.Reverse(journal)
	want(t, when+": journal", r.Journal, journal)
}

func namesOf(items []*state.Item) (list []string) {
	for _, it := range items {
		list = append(list, fmt.Sprint(it.Seq, " ", it.Name))
	}
	return list
}

// wantJSON compares what two values say as JSON.
func wantJSON(t *testing.T, what string, a, b any) {
	t.Helper()
	var texts [2]string
	for i, v := range []any{a, b} {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	want(t, what, texts[0], texts[1])
}
