package statetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func testSeq(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 6)
	slices.Reverse(list) // neither names nor keys order items
	must(t, b.PutItems(ctx, "s", list[:4]...))
	list[1].Transfer = state.Completed
	again := *list[1]
	again.Seq = 99 // an item keeps the Seq it has
	must(t, b.PutItems(ctx, "s", &again, list[4], list[5]))
	must(t, b.PutItems(ctx, "s"))
	for n, it := range list {
		if n != 1 && it.Seq != int64(n+1) {
			t.Errorf("item %d has Seq %d, want %d", n, it.Seq, n+1)
		}
	}
	if again.Seq != 2 {
		t.Errorf("the changed item has Seq %d, want 2", again.Seq)
	}
	equal(t, "items in order", list, collect(t, b.Items(ctx, "s", state.Query{})))
}

// mixed returns items in every state that matters.
func mixed(n int) []*state.Item {
	list := items(0, n)
	statuses := []state.Status{state.Pending, state.Completed, state.Failed, state.Skipped}
	for i, it := range list {
		it.Transfer = statuses[i%3]
		it.Create = statuses[i/3%4]
		it.Carried = int64(i)
		it.AlreadyThere = i%7 == 0
		if i%11 == 0 {
			it.Refusal = &media.Refusal{Code: media.RefusedEmpty}
		}
		if i%13 == 0 {
			it.Size = media.SizeUnknown
		}
		if i%5 == 0 {
			it.Unfiled = []media.Album{{Title: "Summer"}, {ID: "a1", Title: "Sea"}}
		}
		if i%10 == 0 {
			it.FilingError = &state.ErrorRecord{Type: fault.Gone, Class: fault.Item, Message: "it is gone", Attempt: 1, At: recordedAt}
		}
		if i%17 == 0 {
			it.Discovery = state.Failed
		}
	}
	return list
}

// testIterationWhileWriting does what the engine does: it works through the
// items that await a stage and stores each as it passes it.
func testIterationWhileWriting(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", items(0, 100)...))
	seen := map[string]int{}
	for it, err := range b.Items(ctx, "s", state.Query{Awaiting: state.Transfer}) {
		must(t, err)
		seen[it.Name]++
		it.Transfer = state.Completed
		must(t, b.PutItems(ctx, "s", it))
		if len(seen)%10 == 0 && len(seen) <= 50 {
			must(t, b.PutItems(ctx, "s", item(1000+len(seen))))
		}
	}
	for _, it := range items(0, 100) {
		if seen[it.Name] != 1 {
			t.Errorf("item %s came %d times", it.Name, seen[it.Name])
		}
	}
	for it, err := range b.Items(ctx, "s", state.Query{Awaiting: state.Transfer}) {
		must(t, err)
		if it.ID.Medium < item(1000).ID.Medium {
			t.Errorf("item %s still awaits transfer", it.Name)
		}
	}
}

func testItemByKeyAndName(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 3)
	list[1].Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "rate"}}
	must(t, b.PutItems(ctx, "s", list...))
	byKey, err := b.Item(ctx, "s", list[1].ID.Key())
	must(t, err)
	equal(t, "item by key", list[1], byKey)
	byName, err := b.ItemNamed(ctx, "s", list[2].Name)
	must(t, err)
	equal(t, "item by name", list[2], byName)
	for _, key := range []string{"", "nonsense", item(9).ID.Key(), list[1].Name} {
		_, err := b.Item(ctx, "s", key)
		wantNotFound(t, "item by key "+key, err)
	}
	_, err = b.ItemNamed(ctx, "s", "other.jpg")
	wantNotFound(t, "item by another name", err)

	byKey.Errors[state.Transfer] = state.ErrorRecord{Type: "changed"}
	list[0].Name = "changed"
	again, err := b.Item(ctx, "s", list[1].ID.Key())
	must(t, err)
	equal(t, "item after its copy was changed", list[1], again)
	_, err = b.ItemNamed(ctx, "s", "changed")
	wantNotFound(t, "item by a name that was not stored", err)

	must(t, b.PutItems(ctx, "s", list[0]))
	if _, err = b.ItemNamed(ctx, "s", "changed"); err != nil {
		t.Errorf("item by its new name: %v", err)
	}
	_, err = b.ItemNamed(ctx, "s", item(0).Name)
	wantNotFound(t, "item by its old name", err)
	if got := collect(t, h.open(t).Items(ctx, "s", state.Query{})); len(got) != 3 {
		t.Errorf("%d items after one has a new name, want 3", len(got))
	}
}

func testItemsAtRest(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	it := item(0)
	it.Discovery, it.Transfer, it.Create = state.Completed, state.Running, state.Running
	must(t, b.PutItems(ctx, "s", it))
	got, err := b.Item(ctx, "s", it.ID.Key())
	must(t, err)
	if got.Transfer != state.Pending || got.Create != state.Pending {
		t.Errorf("at rest transfer is %s and create %s, want pending", got.Transfer, got.Create)
	}
}

// testNameOnly is the life of an item that another program found.
func testNameOnly(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	legacy := func(name string) *state.Item {
		return &state.Item{Item: media.Item{Name: name, LegacyName: name, Kind: media.Photo}, Discovery: state.Completed, DownloadURL: "u"}
	}
	must(t, b.PutItems(ctx, "s", legacy("a.jpg"), legacy("b.jpg"), legacy("c.jpg")))

	same, err := b.ItemNamed(ctx, "s", "b.jpg")
	must(t, err)
	same.Transfer = state.Failed
	must(t, b.PutItems(ctx, "s", same))

	for n, name := range []string{"a.jpg", "b new.jpg"} { // the second under another name
		it, err := b.ItemNamed(ctx, "s", []string{"a.jpg", "b.jpg"}[n])
		must(t, err)
		it.ID, it.Name = item(n).ID, name
		must(t, b.PutItems(ctx, "s", it))
		if it.Seq != int64(n+1) {
			t.Errorf("%s has Seq %d, want %d", name, it.Seq, n+1)
		}
	}
	_, err = b.ItemNamed(ctx, "s", "b.jpg")
	wantNotFound(t, "item by its old name", err)

	fresh := item(2) // found anew at the source, under the name it has
	fresh.Name = "c.jpg"
	must(t, b.PutItems(ctx, "s", fresh))

	for _, b := range []state.Backend{b, h.open(t)} {
		var names []string
		for n, it := range collect(t, b.Items(ctx, "s", state.Query{})) {
			names = append(names, it.Name)
			if it.ID != item(n).ID || it.Seq != int64(n+1) {
				t.Errorf("item %d is %s with Seq %d", n, it.ID.Key(), it.Seq)
			}
		}
		equal(t, "names", []string{"a.jpg", "b new.jpg", "c.jpg"}, names)
		it, err := b.Item(ctx, "s", item(1).ID.Key())
		must(t, err)
		if it.Transfer != state.Failed || it.DownloadURL != "u" {
			t.Errorf("the item lost its state: %+v", it)
		}
	}
}

func testNameTaken(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", item(0)))
	thief := item(1)
	thief.Name = item(0).Name
	wantRefused(t, "a second item of a name", b.PutItems(ctx, "s", item(2), thief))
	nameless := item(3)
	nameless.Name = ""
	wantUnstorable(t, "an item without name", b.PutItems(ctx, "s", nameless))
	twin := item(5)
	twin.Name = item(4).Name
	wantRefused(t, "two new items of one name", b.PutItems(ctx, "s", item(4), twin))
	got, err := b.ItemNamed(ctx, "s", item(0).Name)
	must(t, err)
	if got.ID != item(0).ID {
		t.Errorf("the name went to %s", got.ID.Key())
	}
	if got := collect(t, b.Items(ctx, "s", state.Query{})); len(got) != 1 {
		t.Errorf("%d items stored, want 1: a refused call stores nothing", len(got))
	}
}

func testHostileNames(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	names := []string{
		".", "..", "...", "../../x.jpg", "/etc/x.jpg", "a/b.jpg", `a\b.jpg`, "con", "meta.json", ".json", ".hidden", "x.tmp",
		"line\nbreak.jpg", "\x01\x1f.jpg", "nul\x00.jpg", "\xff.jpg", "ünïcödé 漢字 🚠.jpg", strings.Repeat("é", 300) + ".jpg",
		strings.Repeat("é", 300) + "2.jpg", "%00", "*?.jpg", "'; --", "  ", "trailing.",
	}
	var stored []string
	for n, name := range names {
		it := item(n)
		it.Name = name
		if err := b.PutItems(ctx, "s", it); err != nil {
			wantUnstorable(t, fmt.Sprintf("name %q", name), err)
			continue
		}
		stored = append(stored, name)
	}
	if len(stored) < len(names)/2 || !slices.Contains(stored, "ünïcödé 漢字 🚠.jpg") {
		t.Errorf("only %q are taken", stored)
	}
	for _, b := range []state.Backend{b, h.open(t)} {
		var got []string
		for _, it := range collect(t, b.Items(ctx, "s", state.Query{})) {
			got = append(got, it.Name)
		}
		equal(t, "names", stored, got)
		for _, name := range stored {
			it, err := b.ItemNamed(ctx, "s", name)
			must(t, err)
			if it.Name != name {
				t.Errorf("name %q is that of %q", name, it.Name)
			}
		}
	}
}

func testCounts(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	empty, err := b.Counts(ctx, "s")
	must(t, err)
	equal(t, "counts of no items", state.Counts{}, empty)
	list := mixed(h.most(200))
	must(t, b.PutItems(ctx, "s", list...))
	list[5].Transfer, list[5].Create = state.Completed, state.Completed
	must(t, b.PutItems(ctx, "s", list[5]))
	want := state.Counts{Outcomes: map[state.Outcome]int{}}
	for _, it := range list {
		want.Total++
		want.Outcomes[it.Outcome()]++
		want.Carried += it.Carried
		if it.Refusal == nil && it.Size != media.SizeUnknown {
			want.Bytes += it.Size
		}
	}
	for _, b := range []state.Backend{b, h.open(t)} {
		got, err := b.Counts(ctx, "s")
		must(t, err)
		equal(t, "counts", want, got)
	}
}
