package statetest

import (
	"fmt"
	"sync"
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
		equal(t, "names", []string{"a.jpg", item(1).Name, "b.jpg"}, namesOf(collect(t, b.Items(ctx, "s", state.Query{}))))
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
			equal(t, "items", list, collect(t, b.Items(ctx, "s", state.Query{})))
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
	equal(t, "names after a refused call", before, namesOf(collect(t, b.Items(ctx, "s", state.Query{}))))
}

// testTwoProcesses lets two processes take turns at a session. Each finds what the
// other one has renamed and added, exchanges names with it, and goes on with its
// numbers.
func testTwoProcesses(t *testing.T, h Harness) {
	first, ctx := h.started(t), t.Context()
	second := first
	if !h.Volatile {
		second = h.open(t)
	}
	list := items(0, 2)
	list = append(list, &state.Item{Item: media.Item{Name: "by name.jpg", Size: media.SizeUnknown, Kind: media.Photo}, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending})
	must(t, first.PutItems(ctx, "s", list...))
	for round := range 4 {
		b, other := first, second
		if round%2 == 1 {
			b, other = second, first
		}
		lock, err := b.Lock(ctx, "s")
		must(t, err)
		added := item(10 + round)
		list[0].Name, list[1].Name = list[1].Name, list[0].Name
		list[2].Carried++
		list = append(list, added)
		must(t, b.PutItems(ctx, "s", list...))
		if added.Seq != int64(len(list)) {
			t.Errorf("round %d: the new item has Seq %d, want %d", round, added.Seq, len(list))
		}
		thief := item(20)
		thief.Name = list[0].Name
		wantRefused(t, "a name that the other process gave", b.PutItems(ctx, "s", thief))
		must(t, lock.Unlock())
		for _, b := range []state.Backend{b, other} {
			equal(t, fmt.Sprintf("round %d: items", round), list, collect(t, b.Items(ctx, "s", state.Query{})))
			for _, it := range list {
				got, err := b.ItemNamed(ctx, "s", it.Name)
				must(t, err)
				equal(t, "item named "+it.Name, it, got)
			}
		}
	}
}

// testAtOnce lets two processes add items and exchange names at the same time,
// without the session's lock: each item gets a number and a name of its own.
func testAtOnce(t *testing.T, h Harness) {
	if !h.Shared {
		t.Skip("one process at a time changes a session")
	}
	first, ctx := h.started(t), t.Context()
	must(t, first.PutItems(ctx, "s", items(0, 4)...))
	const each = 10
	var wg sync.WaitGroup
	for p, b := range []state.Backend{first, h.open(t)} {
		wg.Go(func() {
			pair := []*state.Item{item(2 * p), item(2*p + 1)}
			for n := range each {
				pair[0].Name, pair[1].Name = pair[1].Name, pair[0].Name
				if err := b.PutItems(ctx, "s", item(100*(p+1)+n), pair[0], pair[1]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	numbers, names := map[int64]bool{}, map[string]bool{}
	for _, it := range collect(t, h.open(t).Items(ctx, "s", state.Query{})) {
		numbers[it.Seq], names[it.Name] = true, true
	}
	if len(numbers) != 4+2*each || len(names) != 4+2*each || !numbers[4+2*each] {
		t.Errorf("%d numbers and %d names, want %d of each", len(numbers), len(names), 4+2*each)
	}
}
