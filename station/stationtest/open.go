package stationtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// testOpen reads every file from its beginning.
func testOpen(t *testing.T, h Source) {
	s := h.Open(t)
	items := map[media.ID]media.Item{}
	for _, item := range list(t, s, media.Window{}) {
		items[item.ID] = item
	}
	for _, f := range h.carriable() {
		checkContent(t, open(t, s, items[f.Item.ID], 0, ""), f, 0)
	}
}

// checkContent reads a content and compares it with a file from an offset on.
func checkContent(t *testing.T, c *station.Content, f File, offset int64) {
	t.Helper()
	key := f.Item.ID.Key()
	if c.Offset != offset || c.Size != int64(len(f.Data)) {
		t.Errorf("%s at byte %d: opened at %d of %d bytes, want %d bytes", key, offset, c.Offset, c.Size, len(f.Data))
	}
	if got := read(t, c); !bytes.Equal(got, f.Data[offset:]) {
		t.Errorf("%s at byte %d: %d bytes that are not the %d of the file", key, offset, len(got), len(f.Data[offset:]))
	}
}

// testOffsets reads a file from different offsets on, all of one version.
func testOffsets(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	size := int64(len(f.Data))
	version := ""
	for i, offset := range []int64{0, 1, size / 3, size / 2, size - 1, size} {
		c := open(t, s, item, offset, "")
		if i > 0 && offset < size && c.Version != version {
			t.Errorf("at byte %d: version %q, before %q", offset, c.Version, version)
		}
		if i == 0 {
			version = c.Version
		}
		checkContent(t, c, f, offset)
	}
	if h.Unversioned != (version == "") {
		t.Errorf("version %q of a source whose files have versions: %v", version, !h.Unversioned)
	}
}

// testBeyond opens where no byte is.
func testBeyond(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	for _, offset := range []int64{-1, int64(len(f.Data)) + 1, 1 << 40} {
		c, err := s.Open(t.Context(), item, offset, "")
		if err == nil {
			c.Body.Close()
		}
		if fault.CodeOf(err) == "" {
			t.Errorf("open at byte %d of %d: %v, want a fault", offset, len(f.Data), err)
		}
	}
}

// testConcurrentOpen reads all files at once, each twice.
func testConcurrentOpen(t *testing.T, h Source) {
	s := h.Open(t)
	items := map[media.ID]media.Item{}
	for _, item := range list(t, s, media.Window{}) {
		items[item.ID] = item
	}
	var readers sync.WaitGroup
	for _, f := range h.carriable() {
		for _, offset := range []int64{0, int64(len(f.Data)) / 2} {
			readers.Go(func() {
				c, err := s.Open(t.Context(), items[f.Item.ID], offset, "")
				if err != nil {
					t.Errorf("open %s: %v", f.Item.ID.Key(), err)
					return
				}
				defer c.Body.Close()
				if got, err := io.ReadAll(c.Body); err != nil || !bytes.Equal(got, f.Data[offset:]) {
					t.Errorf("%s at byte %d: %d bytes, %v", f.Item.ID.Key(), offset, len(got), err)
				}
			})
		}
	}
	readers.Wait()
}

// testVersion opens by the version that an opening has returned, and by others.
func testVersion(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	first := open(t, s, item, 0, "")
	first.Body.Close()
	for _, offset := range []int64{0, int64(len(f.Data)) / 2, int64(len(f.Data))} {
		c := open(t, s, item, offset, first.Version)
		if c.Version != first.Version {
			t.Errorf("opened version %q by %q", c.Version, first.Version)
		}
		checkContent(t, c, f, offset)
	}
	other, err := h.Open(t).Open(t.Context(), item, 1, first.Version)
	if err != nil {
		t.Fatalf("opened by version from another process: %v", err)
	}
	checkContent(t, other, f, 1)
	wantChanged(t, s, item, int64(len(f.Data)), "a version that never was")
}

// wantChanged opens an item by a version that it does not have.
func wantChanged(t *testing.T, s station.Source, item media.Item, size int64, version string) {
	t.Helper()
	for _, offset := range []int64{0, 1, size / 2, size - 1} {
		c, err := s.Open(t.Context(), item, offset, version)
		if err == nil {
			c.Body.Close()
		}
		if fault.CodeOf(err) != fault.Changed {
			t.Errorf("open at byte %d by version %q: %v, want a fault with %s", offset, version, err, fault.Changed)
		}
	}
}

// testChanged changes a file that was opened before.
func testChanged(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	old := open(t, s, item, 0, "")
	read(t, old)
	f.Data = h.Change(t, f)
	wantChanged(t, s, item, min(old.Size, int64(len(f.Data))), old.Version)
	wantChanged(t, h.Open(t), item, min(old.Size, int64(len(f.Data))), old.Version)
	now := open(t, s, item, 0, "")
	if now.Version == old.Version {
		t.Errorf("other bytes have the version %q of those before", old.Version)
	}
	checkContent(t, now, f, 0)
	checkContent(t, open(t, s, item, 7, now.Version), f, 7)
}

// testListChanged lists a file before and after a change: if the listing reports
// versions, it reports another one.
func testListChanged(t *testing.T, h Source) {
	f := h.largest()
	_, before := h.listed(t, f)
	_, same := h.listed(t, f)
	if before.Version != same.Version {
		t.Errorf("an unchanged file is listed with version %q, then %q", before.Version, same.Version)
	}
	h.Change(t, f)
	_, after := h.listed(t, f)
	if after.ID != before.ID {
		t.Errorf("the change made %s of %s", after.ID.Key(), before.ID.Key())
	}
	if before.Version != "" && after.Version == before.Version {
		t.Errorf("a changed file is listed with its old version %q", before.Version)
	}
}

// testDrop drops connections: the body ends with an error, and never as if it had
// come to its end. What came before is right, and the rest can be had.
func testDrop(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	size := int64(len(f.Data))
	for _, from := range []int64{0, size / 4} {
		for _, n := range []int64{1, (size - from) / 2, size - from - 1} {
			h.Drop(t, n)
			c := open(t, s, item, from, "")
			got, err := io.ReadAll(c.Body)
			c.Body.Close()
			at := from + int64(len(got))
			switch {
			case err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("a connection that dropped after %d bytes from byte %d on: %d bytes, then %v", n, from, len(got), err)
			case fault.ClassOf(err) != fault.Transient:
				t.Errorf("a dropped connection is a fault of class %s: %v", fault.ClassOf(err), err)
			case at > size || !bytes.Equal(got, f.Data[from:at]):
				t.Errorf("the %d bytes before the drop are not those of the file", len(got))
			default:
				checkContent(t, open(t, s, item, at, c.Version), f, at)
			}
		}
	}
}

// testCancelOpen cancels before an opening and amid a body.
func testCancelOpen(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	ended, _ := cancelled(t)
	c, err := s.Open(ended, item, 0, "")
	if err == nil {
		c.Body.Close()
	}
	wantStopped(t, "Open", err)

	ctx, cancel := context.WithCancelCause(t.Context())
	c, err = s.Open(ctx, item, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 1000)
	if _, err := io.ReadFull(c.Body, head); err != nil || !bytes.Equal(head, f.Data[:1000]) {
		t.Errorf("before the cancellation: %v", err)
	}
	cancel(errStopped)
	if rest, err := io.ReadAll(c.Body); err != nil {
		wantStopped(t, "Read", err)
	} else if !bytes.Equal(rest, f.Data[1000:]) {
		t.Errorf("a cancelled body ended after %d bytes as if that were all", len(rest))
	}
	c.Body.Close()
	checkContent(t, open(t, s, item, 0, ""), f, 0)
}

// testUnknown opens an item that the source never had.
func testUnknown(t *testing.T, h Source) {
	s, item := h.listed(t, h.largest())
	item.ID.Medium += "x"
	c, err := s.Open(t.Context(), item, 0, "")
	if err == nil {
		c.Body.Close()
	}
	if fault.ClassOf(err) != fault.Item || fault.CodeOf(err) != fault.Gone {
		t.Errorf("open of what is not there: %v (%s), want a fault of class %s with %s", err, fault.ClassOf(err), fault.Item, fault.Gone)
	}
}

// testPrefetch prepares openings, of what is there and of what is not.
func testPrefetch(t *testing.T, h Source) {
	f := h.largest()
	s, item := h.listed(t, f)
	p, ok := s.(station.Prefetcher)
	if !ok {
		t.Skip("no Prefetcher")
	}
	if err := p.Prefetch(t.Context(), item); err != nil {
		t.Errorf("Prefetch: %v", err)
	}
	checkContent(t, open(t, s, item, 0, ""), f, 0)
	unknown := item
	unknown.ID.Medium += "x"
	_ = p.Prefetch(t.Context(), unknown) // may fail: it must not harm
	ctx, _ := cancelled(t)
	_ = p.Prefetch(ctx, item)
	checkContent(t, open(t, s, item, 1, ""), f, 1)
}

// testRelist lists without what is known, and without what is not wanted.
func testRelist(t *testing.T, h Source) {
	s := h.Open(t)
	r, ok := s.(station.Relister)
	if !ok {
		t.Skip("no Relister")
	}
	relist := func(o station.ListOptions) (items []media.Item) {
		for item, err := range r.Relist(t.Context(), o) {
			if err != nil {
				t.Fatalf("Relist: %v", err)
			}
			items = append(items, item)
		}
		return items
	}
	all := list(t, s, media.Window{})
	if got := relist(station.ListOptions{}); len(got) != len(all) {
		t.Errorf("Relist without options lists %d items, List %d", len(got), len(all))
	}
	known := map[string]string{}
	for _, item := range all {
		known[item.ID.Medium] = item.Revision
	}
	knows := func(medium, revision string) bool { return revision != "" && known[medium] == revision }
	for _, item := range relist(station.ListOptions{Known: knows}) {
		if item.Revision != "" && knows(item.ID.Medium, item.Revision) {
			t.Errorf("%s is listed although its medium is known", item.ID.Key())
		}
	}
	checkUnwanted(t, relist, all)
}

// checkUnwanted wants all items of a kind when only those are wanted.
func checkUnwanted(t *testing.T, relist func(station.ListOptions) []media.Item, all []media.Item) {
	t.Helper()
	for _, kind := range []media.Kind{media.Photo, media.Video} {
		got := map[media.ID]bool{}
		for _, item := range relist(station.ListOptions{Wants: func(k media.Kind, _ string) bool { return k == kind }}) {
			got[item.ID] = true
		}
		for _, item := range all {
			if item.Kind == kind && !got[item.ID] {
				t.Errorf("%s is a %s and is not listed where those are wanted", item.ID.Key(), kind)
			}
		}
	}
}
