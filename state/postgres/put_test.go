package postgres_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// Names may be exchanged and passed on within one call, and not outside it.
func TestNamesExchanged(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	a, c, d := item(1), item(2), item(3)
	if err := errors.Join(b.PutSession(ctx, &state.Session{ID: "s"}), b.PutItems(ctx, "s", a, c, d)); err != nil {
		t.Fatal(err)
	}
	a.Name, c.Name, d.Name = c.Name, a.Name, "new.MP4"
	fresh := item(4)
	fresh.Name = item(3).Name // which its owner gives up
	if err := b.PutItems(ctx, "s", a, fresh, c, d); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]media.ID{a.Name: a.ID, c.Name: c.ID, d.Name: d.ID, fresh.Name: fresh.ID} {
		if it, err := b.ItemNamed(ctx, "s", name); err != nil || it.ID != want {
			t.Errorf("%s is %v, %v", name, it, err)
		}
	}
	a.Name = d.Name
	if err := b.PutItems(ctx, "s", a); fault.ClassOf(err) != fault.Session {
		t.Errorf("a name that another item keeps: %v", err)
	}
}

// What a source claims of sizes makes no sum overflow.
func TestImpossibleSizes(t *testing.T) {
	b := open(t, pgserver.NewDatabase(t).URI, postgres.Options{})
	ctx := t.Context()
	var list []*state.Item
	for n := range 5 {
		it := item(n)
		it.Size, it.Carried = math.MaxInt64-int64(n), math.MaxInt64
		list = append(list, it)
	}
	list[0].Size = math.MinInt64
	if err := errors.Join(b.PutSession(ctx, &state.Session{ID: "s"}), b.PutItems(ctx, "s", list...)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []state.Counts{{Total: 5, Bytes: 4 << 42, Carried: 5 << 42}, {Total: 5, Bytes: 35, Carried: 5}} {
		got, err := b.Counts(ctx, "s")
		if err != nil || got.Total != want.Total || got.Bytes != want.Bytes || got.Carried != want.Carried {
			t.Errorf("counts %+v, %v, want %+v", got, err, want)
		}
		for _, it := range list {
			it.Size, it.Carried = 7, 1
		}
		if err := b.PutItems(ctx, "s", list...); err != nil {
			t.Fatal(err)
		}
	}
}

// The sums stay right when another program changes items.
func TestSumsOfChangesByHand(t *testing.T) {
	db := filled(t, 5)
	b := open(t, db.URI, postgres.Options{})
	pgserver.Exec(t, db.URI,
		"UPDATE gondola.items SET outcome = 'failed', size = 9223372036854775807, carried = 3 WHERE seq < 3",
		"UPDATE gondola.items SET outcome = 'skipped' WHERE seq = 3",
		"UPDATE gondola.items SET document = document",
		`INSERT INTO gondola.items (session, seq, identity, name, awaits, outcome, size, carried, document)
			SELECT session, seq + 10, identity || 'x', name || 'x', '', 'created', 7, 7, document FROM gondola.items`)
	got, err := b.Counts(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	want := map[state.Outcome]int{state.OutcomeFailed: 2, state.OutcomeSkipped: 1, state.OutcomePending: 2, state.OutcomeCreated: 5}
	if diff := cmp.Diff(want, got.Outcomes); diff != "" || got.Bytes != 2*(4<<40)+1003+1004+5*7 || got.Carried != 2*3+5*7 {
		t.Errorf("%d bytes, %d carried (-want +got):\n%s", got.Bytes, got.Carried, diff)
	}
}

// A new item that says that it has a number, as those of another store do, gets
// its own.
func TestNumberOfAnotherStore(t *testing.T) {
	db := filled(t, 1)
	b := open(t, db.URI, postgres.Options{})
	fresh, known := item(5), item(0)
	fresh.Seq = 7
	if err := b.PutItems(t.Context(), "s", fresh, known); err != nil {
		t.Fatal(err)
	}
	if fresh.Seq != 2 || known.Seq != 1 {
		t.Errorf("the new item has Seq %d and the known one %d, want 2 and 1", fresh.Seq, known.Seq)
	}
}

// stored is what a session holds, by Seq.
func stored(t *rapid.T, b *postgres.Backend, session string) map[int64]*state.Item {
	all := map[int64]*state.Item{}
	for it, err := range b.Items(t.Context(), session, state.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all[it.Seq] = it
	}
	return all
}

// Whatever is stored in whatever order: names and identities stay unique and
// numbers without gaps, what was accepted is there, the rest is as it was, and a
// call that is refused changes nothing.
func TestPutItemsProperties(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	sessions := 0
	rapid.Check(t, func(rt *rapid.T) {
		sessions++
		session := fmt.Sprint(sessions)
		if err := b.PutSession(t.Context(), &state.Session{ID: session}); err != nil {
			rt.Fatal(err)
		}
		before := map[int64]*state.Item{}
		for range rapid.IntRange(1, 6).Draw(rt, "calls") {
			items := rapid.SliceOfN(anyItem, 1, 4).Draw(rt, "items")
			err := b.PutItems(t.Context(), session, items...)
			after := stored(rt, b, session)
			if err != nil {
				if fault.ClassOf(err) != fault.Session {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(before, after); diff != "" {
					rt.Fatalf("a refused call changed the session (-before +after):\n%s", diff)
				}
				continue
			}
			checkStored(rt, b, session, items, before, after)
			before = after
		}
	})
}

func checkStored(t *rapid.T, b *postgres.Backend, session string, items []*state.Item, before, after map[int64]*state.Item) {
	names, identities := map[string]bool{}, map[string]bool{}
	for seq, it := range after {
		key := it.ID.Key()
		if seq < 1 || seq > int64(len(after)) || names[it.Name] || key != "" && identities[key] {
			t.Fatalf("item %d of %d: %s %q, twice or out of order", seq, len(after), key, it.Name)
		}
		names[it.Name], identities[key] = true, true
	}
	given := map[int64]bool{}
	for n := len(items) - 1; n >= 0; n-- { // the last one with an identity counts
		it := items[n]
		if given[it.Seq] {
			continue
		}
		given[it.Seq] = true
		if got := after[it.Seq]; got == nil || got.ID != it.ID || got.Name != it.Name || got.DestinationID != it.DestinationID {
			t.Fatalf("stored %+v, found %+v", it, got)
		}
	}
	for seq, it := range before {
		if diff := cmp.Diff(it, after[seq]); !given[seq] && diff != "" {
			t.Fatalf("item %d was not given (-before +after):\n%s", seq, diff)
		}
	}
	counts, err := b.Counts(t.Context(), session)
	if err != nil || counts.Total != len(after) {
		t.Fatalf("counts %+v, %v of %d items", counts, err, len(after))
	}
}

// anyItem draws from few identities, names and numbers, so that they meet.
var anyItem = rapid.Custom(func(t *rapid.T) *state.Item {
	it := &state.Item{Item: media.Item{Name: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name"), Kind: media.Photo}}
	it.LegacyName = it.Name
	if n := rapid.IntRange(0, 3).Draw(t, "identity"); n > 0 {
		it.ID = item(n).ID
	}
	it.Seq = int64(rapid.IntRange(0, 4).Draw(t, "seq"))
	it.Discovery = rapid.SampledFrom([]state.Status{state.Pending, state.Completed}).Draw(t, "discovery")
	it.Transfer, it.Create = state.Pending, state.Pending
	it.DestinationID = fmt.Sprint(rapid.IntRange(0, 999).Draw(t, "mark"))
	return it
})
