package jsondir_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// appleDouble is how macOS keeps attributes where the file system has none.
const appleDouble = "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "

// strayed is a session with two items and a batch, and what synchronizing
// programs, file managers and macOS put beside their documents. It returns the names
// and contents of the latter.
func strayed(t *testing.T, root string) map[string]string {
	t.Helper()
	b := open(t, root)
	defer b.Close()
	ctx := t.Context()
	put := func(it *state.Item) {
		if err := b.PutItems(ctx, "s", it); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.PutSession(ctx, state.NewSession("s", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	it := stored("m1", "GX010046.MP4")
	put(it)
	put(stored("m2", "GX010047.MP4"))
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	older, header := read("s/items/GX010046.MP4.json"), read("s/meta.json")
	it.Transfer, it.Create, it.DestinationID = state.Completed, state.Completed, "AH1"
	put(it)
	if err := b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex, Status: state.Running}); err != nil {
		t.Fatal(err)
	}
	batch := strings.Replace(read("s/batches/1000000.json"), "running", "completed", 1)
	strays := map[string]string{
		"s/items/._GX010046.MP4.json":                                     appleDouble,
		"s/items/GX010046 (conflicted copy).MP4.json":                     older,
		"s/items/GX010046.MP4 (Ann's conflicted copy 2026-01-08).json":    older,
		"s/items/GX010046.MP4.sync-conflict-20260108-101500-ABCDEF7.json": older,
		"s/items/GX010046.MP4 (1).json":                                   older,
		"s/items/GX010046.MP4-LAPTOP.json":                                older,
		"s/items/GX010047.MP4.sync-conflict-20260108-101501-ABCDEF7.json": older[:40], // half arrived
		"s/batches/._1000000.json":                                        appleDouble,
		"s/batches/1000000 (conflicted copy 2026-01-08).json":             batch,
		"s/batches/1000000.sync-conflict-20260108-101500-ABCDEF7.json":    batch[:20],
		"s/._meta.json":                                appleDouble,
		"s/meta (conflicted copy).json":                header,
		"s (conflicted copy)/meta.json":                header,
		"._s.json":                                     appleDouble,
		"s.sync-conflict-20260108-101500-ABCDEF7.json": `{"session_id": "s"}`,
	}
	later := time.Now().Add(time.Hour) // copied later, though older
	for name, content := range strays {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, later, later); err != nil {
			t.Fatal(err)
		}
	}
	return strays
}

func stored(medium, name string) *state.Item {
	return &state.Item{
		Item:      media.Item{ID: media.ID{Station: "gopro", Medium: medium, Part: 1, Label: "source"}, Name: name},
		Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
}

func TestOnlyProperNamesCount(t *testing.T) {
	root := t.TempDir()
	strays := strayed(t, root)
	b := open(t, root)
	defer b.Close()
	ctx := t.Context()
	var sessions []string
	for s, err := range b.Sessions(ctx) {
		if err != nil {
			t.Errorf("listing: %v", err)
		}
		sessions = append(sessions, s.ID)
	}
	if !slices.Equal(sessions, []string{"s"}) {
		t.Errorf("sessions %q, want the one", sessions)
	}
	counts, err := b.Counts(ctx, "s")
	if err != nil || counts.Total != 2 || counts.Outcomes[state.OutcomeCreated] != 1 {
		t.Fatalf("counts %+v, %v, want two items, one of them created", counts, err)
	}
	it, err := b.ItemNamed(ctx, "s", "GX010046.MP4")
	if err != nil || it.DestinationID != "AH1" {
		t.Fatalf("the item is %+v, %v, want the current document", it, err)
	}
	for batch, err := range b.Batches(ctx, "s") {
		if err != nil || batch.Status != state.Running {
			t.Errorf("batch %+v, %v", batch, err)
		}
	}

	lock, err := b.Lock(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	it.MissedAt = time.Now().UTC()
	if err := b.PutItems(ctx, "s", it, stored("m3", "GX010048.MP4"), stored("m4", "GX010046 (conflicted copy).MP4")); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteBatch(ctx, "s", state.FirstBatchIndex); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if counts, err := open(t, root).Counts(ctx, "s"); err != nil || counts.Total != 4 {
		t.Errorf("counts %+v, %v, want four items", counts, err)
	}
	for name, content := range strays {
		if data, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(data) != content {
			t.Errorf("%s was not left alone: %q, %v", name, data, err)
		}
	}
}

func TestStraysAreNamed(t *testing.T) {
	root := t.TempDir()
	strays := strayed(t, root)
	delete(strays, "s/._meta.json") // nothing is read from a name like these
	delete(strays, "s/meta (conflicted copy).json")
	strays["s (conflicted copy)"] = strays["s (conflicted copy)/meta.json"]
	delete(strays, "s (conflicted copy)/meta.json")
	if err := os.MkdirAll(filepath.Join(root, "removed", "items"), 0o700); err != nil {
		t.Fatal(err)
	}
	strays["removed"] = "by an interrupted removal"
	b, err := jsondir.Open(root, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got := map[string]string{}
	for path, why := range b.Strays(t.Context()) {
		name, err := filepath.Rel(root, path)
		if err != nil || why == "" {
			t.Errorf("%s: %q, %v", path, why, err)
		}
		got[filepath.ToSlash(name)] = why
	}
	if want := slices.Sorted(maps.Keys(strays)); !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("strays %q\nwant   %q", slices.Sorted(maps.Keys(got)), want)
	}
}

// What a flat file replaces is its session's; copies that lie beside it are not.
func TestTakingOverLeavesStraysAlone(t *testing.T) {
	files := maps.Clone(map[string]string{"january-2026.json": flatten(t, q2google)})
	strays := map[string]string{
		"january-2026/items/._a.json":                     appleDouble,
		"january-2026/items/a.jpg (conflicted copy).json": item("a.jpg", "pending", "pending", "null", "{}"),
	}
	maps.Copy(files, strays)
	files["january-2026/items/left.json"] = item("left", "pending", "pending", "null", "{}")
	root := plant(t, files)
	b := open(t, root)
	defer b.Close()
	if err := b.PutItems(t.Context(), "january-2026", stored("m9", "new.jpg")); err != nil {
		t.Fatal(err)
	}
	for name, content := range strays {
		if data, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(data) != content {
			t.Errorf("%s was not left alone: %q, %v", name, data, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(root, "january-2026/items/left.json")); err == nil {
		t.Error("an item that the flat file does not hold stayed")
	}
}
