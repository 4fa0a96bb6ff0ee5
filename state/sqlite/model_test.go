package sqlite_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// model is a session as a map, by Seq.
type model struct {
	items []state.Item
}

// put says what becomes of the session if items are stored, or that they must be
// refused: names are unique when all is done, identities always.
func (m *model) put(items []*state.Item) (next []state.Item, refused bool) {
	next = slices.Clone(m.items)
	placed := map[string]int{} // position by identity
	claimed := map[int]bool{}
	for _, it := range items {
		identity := it.ID.Key() + "|" + it.Name
		if !it.ID.IsZero() {
			identity = it.ID.Key()
		}
		n, again := placed[identity]
		if !again {
			if n = m.match(it); n < 0 {
				n = len(next)
				next = append(next, state.Item{})
			}
			if claimed[n] {
				return nil, true
			}
			placed[identity], claimed[n] = n, true
		}
		next[n] = *it
		next[n].Seq = int64(n + 1)
	}
	names := map[string]bool{}
	for _, it := range next {
		if names[it.Name] {
			return nil, true
		}
		names[it.Name] = true
	}
	return next, false
}

func (m *model) match(it *state.Item) int {
	find := func(same func(state.Item) bool) int { return slices.IndexFunc(m.items, same) }
	anonymous := find(func(o state.Item) bool { return o.ID.IsZero() && o.Name == it.Name })
	if it.ID.IsZero() && anonymous >= 0 {
		return anonymous
	}
	if n := find(func(o state.Item) bool { return !it.ID.IsZero() && o.ID == it.ID }); n >= 0 {
		return n
	}
	if n := find(func(o state.Item) bool { return !it.ID.IsZero() && o.ID.IsZero() && o.Seq == it.Seq }); n >= 0 {
		return n
	}
	return anonymous
}

// TestModel stores items at random, exchanging names, giving identities and
// repeating items, and compares with the model: the items, the sums, what awaits
// a stage.
func TestModel(t *testing.T) {
	b, _ := fresh(t)
	sessions := 0
	rapid.Check(t, func(rt *rapid.T) {
		sessions++
		id := fmt.Sprint("s", sessions)
		must(t, b.PutSession(t.Context(), &state.Session{ID: id}))
		m := &model{}
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			var items []*state.Item
			for range rapid.IntRange(1, 5).Draw(rt, "items") {
				items = append(items, drawItem(rt, m))
			}
			next, refused := m.put(items)
			err := b.PutItems(t.Context(), id, items...)
			switch {
			case refused && fault.CodeOf(err) != fault.State:
				rt.Fatalf("PutItems = %v, want it to be refused: %s", err, told(items))
			case !refused && err != nil:
				rt.Fatalf("PutItems = %v: %s", err, told(items))
			case !refused:
				m.items = next
			}
			compare(rt, t, b, id, m)
		}
		if rapid.Bool().Draw(rt, "deleted") {
			must(t, b.DeleteSession(t.Context(), id))
		}
	})
	wantSound(t, b)
}

func told(items []*state.Item) string {
	var all []string
	for _, it := range items {
		all = append(all, fmt.Sprintf("%q (%s) seq %d", it.Name, it.ID.Key(), it.Seq))
	}
	return strings.Join(all, ", ")
}

// drawItem draws an item of one of six identities or none, and one of six names.
func drawItem(rt *rapid.T, m *model) *state.Item {
	it := &state.Item{}
	statuses := rapid.SampledFrom([]state.Status{state.Pending, state.Completed, state.Failed})
	if n := rapid.IntRange(0, 6).Draw(rt, "identity"); n > 0 {
		it.ID = media.ID{Station: "gopro", Medium: fmt.Sprint(n), Part: 1}
	}
	it.Name = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, "name")
	it.Seq = rapid.Int64Range(0, int64(len(m.items))).Draw(rt, "seq")
	it.Size = rapid.Int64Range(-1, 100).Draw(rt, "size")
	it.Carried = rapid.Int64Range(0, 100).Draw(rt, "carried")
	it.Discovery, it.Transfer, it.Create = statuses.Draw(rt, "discovery"), statuses.Draw(rt, "transfer"), statuses.Draw(rt, "create")
	it.AlreadyThere = rapid.Bool().Draw(rt, "already there")
	if rapid.IntRange(0, 9).Draw(rt, "refused") == 0 {
		it.Refusal = &media.Refusal{Code: media.RefusedEmpty}
	}
	return it
}

func compare(rt *rapid.T, t *testing.T, b state.Backend, id string, m *model) {
	row := func(it *state.Item) string {
		return fmt.Sprintf("%d %s %s %s %s %d", it.Seq, it.ID.Key(), it.Name, it.Awaits(), it.Outcome(), it.Carried)
	}
	for _, stage := range []state.Stage{"", state.Discovery, state.Transfer, state.Create} {
		var want, got []string
		for _, it := range m.items {
			if stage == "" || it.Awaits() == stage {
				want = append(want, row(&it))
			}
		}
		for it, err := range b.Items(t.Context(), id, state.Query{Awaiting: stage}) {
			must(t, err)
			got = append(got, row(it))
		}
		if !slices.Equal(want, got) {
			rt.Fatalf("awaiting %q:\nwant %q\ngot  %q", stage, want, got)
		}
	}
	want := state.Counts{Outcomes: map[state.Outcome]int{}}
	for _, it := range m.items {
		want.Add(&it)
	}
	got, err := b.Counts(t.Context(), id)
	must(t, err)
	wantEqual(t, "counts", want, got)
}

// TestImpossibleSizes: what a source claims of sizes makes no sum overflow.
func TestImpossibleSizes(t *testing.T) {
	b, _ := fresh(t)
	must(t, b.PutSession(t.Context(), &state.Session{ID: "s"}))
	var list []*state.Item
	for n := range 5 {
		it := libraryItem(n)
		it.Size, it.Carried = math.MaxInt64-int64(n), math.MaxInt64
		list = append(list, it)
	}
	list[0].Size = math.MinInt64
	must(t, b.PutItems(t.Context(), "s", list...))
	got, err := b.Counts(t.Context(), "s")
	must(t, err)
	if got.Total != 5 || got.Bytes != 4<<42 || got.Carried != 5<<42 {
		t.Errorf("counts %+v", got)
	}
	for _, it := range list {
		it.Size, it.Carried = 7, 1
	}
	must(t, b.PutItems(t.Context(), "s", list...))
	wantSound(t, b)
}
