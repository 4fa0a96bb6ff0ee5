package stationtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// mostEntries bounds the batches of the suite.
const mostEntries = 50

// batch uploads as many files as a call of the suite has.
func (h Destination) batch(t *testing.T, d station.Destination) (files []carried) {
	t.Helper()
	for n := range min(d.Limits().Batch, mostEntries) {
		files = append(files, carry(t, d, h.File(n, h.Least+int64(n))))
	}
	return files
}

// testCreate registers a full batch: one result per entry, in order.
func testCreate(t *testing.T, h Destination) {
	d := h.Open(t)
	files := h.batch(t, d)
	h.wantHeld(t)
	ids := mustCreate(t, d, files...)
	var want []File
	for i, c := range files {
		want = append(want, c.File)
		at := slices.IndexFunc(h.Held(t), func(it Held) bool { return it.ID == ids[i] })
		if at < 0 {
			t.Errorf("result %d has the id %q, which is none", i, ids[i])
			continue
		}
		if it := h.Held(t)[at]; it.SHA256 != sum(c.Data) || it.Name != c.Item.Name {
			t.Errorf("result %d is of %s, want %s", i, it.Name, c.Item.Name)
		}
	}
	h.wantHeld(t, want...)
}

// testCreateTooMany sends a batch beyond the limit.
func testCreateTooMany(t *testing.T, h Destination) {
	d := h.Open(t)
	limit := d.Limits().Batch
	if limit > 10*mostEntries {
		t.Skip("the limit is beyond what the suite uploads")
	}
	b := station.Batch{}
	for n := range limit + 1 {
		b.Entries = append(b.Entries, carry(t, d, h.File(n, h.Least)).entry())
	}
	if _, err := d.Create(t.Context(), b); err == nil {
		t.Errorf("a batch of %d was taken where the limit is %d", limit+1, limit)
	}
	h.wantHeld(t)
}

// testCreateSpoiled registers files of which some are refused: the others are not
// touched by that.
func testCreateSpoiled(t *testing.T, h Destination) {
	d := h.Open(t)
	files := h.batch(t, d)
	if len(files) < 2 {
		t.Skip("a call takes one entry")
	}
	var want []File
	bad := map[int]bool{0: true, len(files) / 2: true}
	for i := range files {
		if bad[i] {
			files[i] = carry(t, d, h.Spoiled(i))
			continue
		}
		want = append(want, files[i].File)
	}
	for i, r := range create(t, d, "", files...) {
		switch {
		case bad[i] && (r.Err == nil || fault.ClassOf(r.Err) != fault.Item):
			t.Errorf("result %d, of a spoiled file: id %q, %v", i, r.ID, r.Err)
		case !bad[i] && (r.Err != nil || r.ID == ""):
			t.Errorf("result %d, beside a spoiled file: id %q, %v", i, r.ID, r.Err)
		}
	}
	h.wantHeld(t, want...)
}

// testCreateAgain repeats a call, as after an answer that was lost, with one entry
// more where there is room: nothing is held twice, and the new entry is created.
func testCreateAgain(t *testing.T, h Destination) {
	d := h.Open(t)
	var files []carried
	var want []File
	for n := range min(d.Limits().Batch, 3) {
		files = append(files, carry(t, d, h.File(n, h.Least)))
		want = append(want, files[n].File)
	}
	ids := mustCreate(t, d, files...)
	b := station.Batch{}
	for _, c := range files {
		e := c.entry()
		e.MaybeSpent = true
		b.Entries = append(b.Entries, e)
	}
	if d.Limits().Batch > len(files) {
		fresh := carry(t, d, h.File(len(files), h.Least))
		b.Entries, ids, want = append(b.Entries, fresh.entry()), append(ids, ""), append(want, fresh.File)
	}
	again, err := h.Open(t).Create(t.Context(), b)
	if err != nil {
		t.Fatalf("the same call again: %v", err)
	}
	for i, r := range again.Results {
		switch {
		case ids[i] == "" && (r.Err != nil || r.ID == ""):
			t.Errorf("a new entry beside repeated ones: id %q, %v", r.ID, r.Err)
		case ids[i] == "":
		case r.Err == nil && r.ID != ids[i]:
			t.Errorf("entry %d was %q and is %q", i, ids[i], r.ID)
		case r.Err != nil && fault.CodeOf(r.Err) != fault.TokenInvalid:
			t.Errorf("entry %d again: %v, want its id or a fault with %s", i, r.Err, fault.TokenInvalid)
		}
	}
	h.wantHeld(t, want...)
}

// testCreateEqual registers, in one call, two items with equal bytes, which a
// destination takes whose receipts do not say Once.
func testCreateEqual(t *testing.T, h Destination) {
	d := h.Open(t)
	one, other := h.File(1, h.Least), h.File(1, h.Least)
	other.Item.ID.Medium += "-copy"
	other.Item.Name = "copy of " + other.Item.Name
	files := []carried{carry(t, d, one), carry(t, d, other), carry(t, d, h.File(2, h.Least))}
	if files[0].receipt.Once || files[1].receipt.Once || d.Limits().Batch < len(files) {
		t.Skip("equal bytes are kept out of one call")
	}
	ids := mustCreate(t, d, files...)
	if ids[0] == ids[1] || len(h.Held(t)) != len(files) {
		t.Errorf("two items with equal bytes are %q and %q among %d", ids[0], ids[1], len(h.Held(t)))
	}
}

// testCancelCreate cancels a call before it is made.
func testCancelCreate(t *testing.T, h Destination) {
	d := h.Open(t)
	c := carry(t, d, h.File(1, h.Least))
	ctx, _ := cancelled(t)
	_, err := d.Create(ctx, station.Batch{Entries: []station.Entry{c.entry()}})
	wantStopped(t, "Create", err)
	mustCreate(t, d, c)
	h.wantHeld(t, c.File)
}

// testAlbums puts items into albums.
func testAlbums(t *testing.T, h Destination) {
	d := h.Open(t)
	a, ok := d.(station.Albums)
	if !ok {
		t.Skip("no Albums")
	}
	album := func(title string) string {
		id, err := a.Album(t.Context(), title)
		if err != nil || id == "" {
			t.Fatalf("album %q: %q, %v", title, id, err)
		}
		return id
	}
	summer := album("Summer")
	if again := album("Summer"); again != summer {
		t.Errorf("an album is %q, then %q", summer, again)
	}
	time.Sleep(time.Minute) // in the bubble: listings of albums may come late
	again, err := h.Open(t).(station.Albums).Album(t.Context(), "Summer")
	if winter := album("Winter"); again != summer || err != nil || winter == summer {
		t.Errorf("albums %q, again %q (%v), and %q", summer, again, err, winter)
	}
	var callers sync.WaitGroup
	ids := make([]string, 4)
	for i := range ids {
		callers.Go(func() { ids[i], _ = a.Album(t.Context(), "Spring") })
	}
	callers.Wait()
	if slices.Sort(ids); ids[0] == "" || ids[0] != ids[3] {
		t.Errorf("an album that several ask for at once: %q", ids)
	}
	files := []carried{carry(t, d, h.File(1, h.Least)), carry(t, d, h.File(2, h.Least))}
	for i, r := range create(t, d, summer, files[0]) {
		if r.Err != nil {
			t.Errorf("entry %d of an album: %v", i, r.Err)
		}
	}
	mustCreate(t, d, files[1])
	for _, it := range h.Held(t) {
		if want := it.SHA256 == sum(files[0].Data); slices.Equal(it.Albums, []string{"Summer"}) != want {
			t.Errorf("%s is in the albums %q", it.Name, it.Albums)
		}
	}
	ctx, _ := cancelled(t)
	_, err = a.Album(ctx, "Autumn")
	wantStopped(t, "Album", err)
}

// testStale waits until receipts are too old: they are known to be, and are not
// spent.
func testStale(t *testing.T, h Destination) {
	d := h.Open(t)
	old := carry(t, d, h.File(1, h.Least))
	e, ok := d.(station.Expirer)
	if !ok || h.StaleAfter == 0 {
		if ok && e.Stale(old.receipt) {
			t.Error("a fresh receipt is stale")
		}
		t.Skip("receipts do not age")
	}
	time.Sleep(h.StaleAfter / 2) // in the bubble: at once
	if e.Stale(old.receipt) {
		t.Errorf("a receipt is stale after %v", h.StaleAfter/2)
	}
	time.Sleep(h.StaleAfter)
	if !e.Stale(old.receipt) {
		t.Errorf("a receipt is not stale after %v", h.StaleAfter*3/2)
	}
	fresh := carry(t, d, h.File(2, h.Least))
	results := create(t, d, "", old, fresh)
	if fault.CodeOf(results[0].Err) != fault.TokenInvalid || results[1].Err != nil {
		t.Errorf("a stale receipt beside a fresh one: %v, %v", results[0].Err, results[1].Err)
	}
	mustCreate(t, d, carry(t, d, old.File))
	h.wantHeld(t, old.File, fresh.File)
}

// testInspect looks at what was created, and at what was not.
func testInspect(t *testing.T, h Destination) {
	d := h.Open(t)
	i, ok := d.(station.Inspector)
	if !ok {
		t.Skip("no Inspector")
	}
	files := []carried{carry(t, d, h.File(1, h.Least)), carry(t, d, h.File(2, h.Least))}
	ids := mustCreate(t, d, files...)
	for attempt := 0; ; attempt++ {
		got, err := i.Inspect(t.Context(), []string{ids[1], "no-such-item", ids[0]})
		if err != nil || len(got) != 3 || got[0] == nil || got[1] != nil || got[2] == nil {
			t.Fatalf("Inspect = %+v, %v; want an item, nil and an item", got, err)
		}
		if got[0].Name != files[1].Item.Name || got[2].Name != files[0].Item.Name {
			t.Fatalf("Inspect returned %q and %q, want %q and %q", got[0].Name, got[2].Name, files[1].Item.Name, files[0].Item.Name)
		}
		if got[0].Readiness == station.Ready && got[2].Readiness == station.Ready {
			break
		}
		if attempt == 10 {
			t.Fatalf("the items are still %s and %s", got[0].Readiness, got[2].Readiness)
		}
		time.Sleep(time.Minute) // in the bubble: at once
	}
	ctx, _ := cancelled(t)
	_, err := i.Inspect(ctx, ids)
	wantStopped(t, "Inspect", err)
	h.inspectOther(t, ids)
}

// inspectOther looks at one account's items from another one, which has none of
// them.
func (h Destination) inspectOther(t *testing.T, ids []string) {
	t.Helper()
	if h.Other == nil {
		return
	}
	got, err := h.Other(t).(station.Inspector).Inspect(t.Context(), ids)
	if err != nil || slices.ContainsFunc(got, func(it *station.RemoteItem) bool { return it != nil }) {
		t.Errorf("another account sees %+v, %v", got, err)
	}
}

// testDestinationMeter wants requests to be counted, and those of a forecast to be
// of kinds that are counted.
func testDestinationMeter(t *testing.T, h Destination) {
	d := h.Open(t)
	m, ok := d.(station.Meter)
	if !ok {
		t.Skip("no Meter")
	}
	checkMeter(t, m, func() {
		mustCreate(t, d, carry(t, d, h.File(1, h.Least)))
	})
	checkMeter(t, m, func() {
		f := h.File(2, h.Large)
		f.Item.Name = fmt.Sprint("large ", f.Item.Name)
		carry(t, d, f)
	})
}
