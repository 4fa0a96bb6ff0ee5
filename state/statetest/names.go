package statetest

import (
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// testNameOnlyUnderNewName puts an item that is known by its name only under
// another one: without an identity it is another item, whatever its Seq.
func testNameOnlyUnderNewName(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", &state.Item{Item: media.Item{Name: "a.jpg"}, Discovery: state.Completed}, item(1)))
	it, err := b.ItemNamed(ctx, "s", "a.jpg")
	must(t, err)
	it.Name = "b.jpg"
	must(t, b.PutItems(ctx, "s", it))
	if it.Seq != 3 {
		t.Errorf("the item has Seq %d, want a new one", it.Seq)
	}
	for _, b := range []state.Backend{b, h.open(t)} {
		equal(t, "names", []string{"a.jpg", item(1).Name, "b.jpg"}, namesOf(collect(t, b.Items(ctx, "s", state.ItemQuery{}))))
	}
}

func namesOf(list []*state.Item) (names []string) {
	for _, it := range list {
		names = append(names, it.Name)
	}
	return names
}

// testNamesExchanged puts items whose names go round among them in one call.
func testNamesExchanged(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 5)
	must(t, b.PutItems(ctx, "s", list...))
	a, c, d, e := list[0].Name, list[1].Name, list[2].Name, list[3].Name
	for _, names := range [][]string{
		{c, d, a, e},                 // a circle
		{d, a, c, e},                 // again
		{d, c, a, e},                 // two of them
		{"new.jpg", d, c, a},         // each takes the name of the one before
		{a, "new.jpg", e, c},         // as before, in no order
		{"A NEW.jpg", "x.jpg", a, e}, // one takes a name, three take new ones
	} {
		for n, name := range names {
			list[n].Name = name
			list[n].Carried++
		}
		must(t, b.PutItems(ctx, "s", list[:4]...))
		for _, b := range []state.Backend{b, h.open(t)} {
			equal(t, "items", list, collect(t, b.Items(ctx, "s", state.ItemQuery{})))
			for n, name := range names {
				got, err := b.ItemNamed(ctx, "s", name)
				must(t, err)
				equal(t, "item named "+name, list[n], got)
			}
		}
	}
	_, err := b.ItemNamed(ctx, "s", c)
	wantNotFound(t, "an item of a name that was given up", err)

	before := namesOf(list)
	list[0].Name, list[1].Name = list[4].Name, "y.jpg"
	wantRefused(t, "a name that the fifth item keeps", b.PutItems(ctx, "s", list[0], list[1]))
	equal(t, "names after a refused call", before, namesOf(collect(t, b.Items(ctx, "s", state.ItemQuery{}))))
}
