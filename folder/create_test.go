package folder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// opener opens a file of the tests.
func opener(f stationtest.File) station.Opener {
	return func(_ context.Context, offset int64) (*station.Content, error) {
		return &station.Content{Body: readCloser{strings.NewReader(string(f.Data[offset:]))}, Offset: offset, Size: int64(len(f.Data)), Version: f.Item.Version}, nil
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func uploaded(t *testing.T, d *Destination, f stationtest.File) station.Entry {
	t.Helper()
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: opener(f), Save: func(context.Context, station.Checkpoint) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return station.Entry{Item: f.Item, Receipt: r}
}

// carry uploads and creates files in one call, and returns their paths.
func carry(t *testing.T, d *Destination, files ...stationtest.File) (paths []string) {
	t.Helper()
	b := station.Batch{Session: "s"}
	for _, f := range files {
		b.Entries = append(b.Entries, uploaded(t, d, f))
	}
	made, err := d.Create(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range made.Results {
		if r.Err != nil {
			t.Fatalf("%s: %v", files[i].Item.Name, r.Err)
		}
		paths = append(paths, r.ID)
	}
	return paths
}

// named returns the nth file with another name.
func named(n int, name string) stationtest.File {
	f := file(n, 1000)
	f.Item.Name = name
	return f
}

// TestNamesThatClash carries files whose names some file system takes for one: each
// is kept, and which mark a file has depends on what it is, not on what came first.
func TestNamesThatClash(t *testing.T) {
	names := []string{"Bär.JPG", "BÄR.jpg", "Ba\u0308r.jpg", "bär.JPG"}
	var files []stationtest.File
	for n, name := range names {
		files = append(files, named(n, media.SafeName(name)))
	}
	marked := map[string]string{} // name by key, of those that have a mark
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		dir := made(t)
		d := openDestination(t, dir)
		var all []string
		for _, i := range order {
			path := carry(t, d, files[i])[0]
			all = append(all, fold(path))
			if !strings.Contains(path, "(") {
				continue
			}
			key := files[i].Item.LedgerKey()
			if marked[key] != "" && marked[key] != path {
				t.Errorf("%s is %s, and was %s in another order", key, path, marked[key])
			}
			marked[key] = path
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != len(files) || len(held(t, dir)) != len(files) {
			t.Errorf("order %v: %q", order, all)
		}
		checkSums(t, dir, len(files))
	}
	for _, path := range marked {
		if !nameOfClash.MatchString(path) {
			t.Errorf("a mark makes %s", path)
		}
	}
}

// TestNothingIsOverwritten carries a file where others lie already.
func TestNothingIsOverwritten(t *testing.T) {
	dir := made(t)
	f := file(1, 1000)
	theirs := filepath.Join(dir, "2026", "01", strings.ToLower(f.Item.Name))
	put(t, dir, "2026/01/"+strings.ToLower(f.Item.Name), []byte("theirs"), day)
	path := carry(t, openDestination(t, dir), f)[0]
	if !nameOfClash.MatchString(path) {
		t.Errorf("beside another file of its name it is %s", path)
	}
	if data, err := os.ReadFile(theirs); err != nil || string(data) != "theirs" {
		t.Errorf("the file that was there is %q, %v", data, err)
	}
	// The same bytes under the name that it would get are the file itself.
	same := file(2, 1000)
	put(t, dir, "2026/01/"+same.Item.Name, same.Data, day)
	if path := carry(t, openDestination(t, dir), same)[0]; path != "2026/01/"+same.Item.Name || len(held(t, dir)) != 3 {
		t.Errorf("a file that lay there is %s, among %d", path, len(held(t, dir)))
	}
	checkSums(t, dir, 2)
}

// TestGivenNameStays removes a file: it comes back under its name, although another
// layout would put it elsewhere and another item could have taken the name.
func TestGivenNameStays(t *testing.T) {
	dir := made(t)
	one, other := named(1, "A.JPG"), named(2, "A.JPG")
	paths := carry(t, openDestination(t, dir), one, other)
	for _, path := range paths {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(path))); err != nil {
			t.Fatal(err)
		}
	}
	layout, err := ParseLayout("{kind}/{name}")
	if err != nil {
		t.Fatal(err)
	}
	d := openDestination(t, dir)
	d.o.Layout = layout
	if again := carry(t, d, other, one); again[0] != paths[1] || again[1] != paths[0] {
		t.Errorf("%q came back as %q", []string{paths[1], paths[0]}, again)
	}
	checkSums(t, dir, 2)
}

// TestAnotherVersion carries a file that was changed at its source: what was carried
// before stays.
func TestAnotherVersion(t *testing.T) {
	dir := made(t)
	d := openDestination(t, dir)
	old := file(1, 1000)
	paths := carry(t, d, old)
	for n := 2; n < 5; n++ {
		now := file(n, 1000)
		version := now.Item.Version
		now.Item = old.Item
		now.Item.Version = version
		paths = append(paths, carry(t, d, now)...)
		held, err := d.Recall(t.Context(), now.Item)
		if err != nil || held == nil || held.ID != paths[len(paths)-1] || held.Version != version {
			t.Errorf("version %s is %+v, %v; want it at %s", version, held, err, paths[len(paths)-1])
		}
	}
	slices.Sort(paths)
	if len(slices.Compact(paths)) != 4 {
		t.Errorf("four versions lie at %q", paths)
	}
	checkSums(t, dir, 4)
}

// TestCrashes cuts Create short after each of its steps: the same call again ends
// with every file once, under its name, listed and summed.
func TestCrashes(t *testing.T) {
	for _, crash := range []struct {
		name string
		undo func(t *testing.T, dir string, before map[string][]byte)
	}{
		{"before the manifest", func(t *testing.T, dir string, before map[string][]byte) { restore(t, dir, before) }},
		{"amid the manifest", func(t *testing.T, dir string, before map[string][]byte) {
			now := snapshot(t, dir)[manifestFile]
			restore(t, dir, before)
			restore(t, dir, map[string][]byte{manifestFile: now[:len(now)-20], sumsFile: before[sumsFile]})
		}},
		{"before the sums", func(t *testing.T, dir string, before map[string][]byte) {
			restore(t, dir, map[string][]byte{sumsFile: before[sumsFile]})
		}},
	} {
		t.Run(crash.name, func(t *testing.T) {
			dir := made(t)
			d := openDestination(t, dir)
			carry(t, d, file(0, 1000))
			before := snapshot(t, dir)
			b := station.Batch{Session: "s", Entries: []station.Entry{uploaded(t, d, file(1, 1000)), uploaded(t, d, file(2, 2000))}}
			first, err := d.Create(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			crash.undo(t, dir, before)
			again := openDestination(t, dir)
			unlock, err := again.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			second, err := again.Create(t.Context(), b)
			if err != nil || second.Results[0] != first.Results[0] || second.Results[1] != first.Results[1] {
				t.Errorf("again: %+v, %v; want %+v", second.Results, err, first.Results)
			}
			if n := len(held(t, dir)); n != 3 {
				t.Errorf("%d files", n)
			}
			checkSums(t, dir, 3)
		})
	}
}

// snapshot reads the manifest and the sums.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{manifestFile, sumsFile} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = data
	}
	return all
}

func restore(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPartialFilesDoNotPileUp ends the process at each step of an upload, again and
// again, and forgets its checkpoints and receipts, as if they were never stored: what
// is left is a partial file and one that is whole, and none when it is done.
func TestPartialFilesDoNotPileUp(t *testing.T) {
	dir := made(t)
	f := file(1, 3*interval)
	save := func(context.Context, station.Checkpoint) error { return nil }
	for i, end := range []int{0, interval / 2, 3 * interval, 2*interval + 1, 3 * interval, 5} {
		ctx, cancel := context.WithCancel(t.Context())
		die := readFunc(func([]byte) (int, error) { cancel(); return 0, context.Canceled })
		open := func(context.Context, int64) (*station.Content, error) {
			data := io.MultiReader(bytes.NewReader(f.Data[:end]), die)
			return &station.Content{Body: io.NopCloser(data), Size: 3 * interval, Version: f.Item.Version}, nil
		}
		_, err := openDestination(t, dir).Upload(ctx, station.Upload{Item: f.Item, Open: open, Save: save})
		cancel()
		if n := partials(t, dir); n > 2 || (err == nil) != (end == 3*interval) {
			t.Errorf("upload %d, which ended at byte %d: %v, %d partial files", i, end, err, n)
		}
	}
	d := openDestination(t, dir)
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: opener(f), Save: save})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), station.Batch{Entries: []station.Entry{{Item: f.Item, Receipt: r}}}); err != nil || partials(t, dir) != 0 {
		t.Errorf("%v, %d partial files", err, partials(t, dir))
	}
}

// TestAStoppedUploadLosesNothing stops the upload of a large file and of one that is
// smaller than what a crash may cost: the next upload goes on at the byte where it was.
func TestAStoppedUploadLosesNothing(t *testing.T) {
	for name, size := range map[string]int{"large": 3 * interval, "small": interval / 2} {
		dir := made(t)
		f := file(1, int64(size))
		end := size - interval/4
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		stopped := readFunc(func([]byte) (int, error) { stop(); return 0, context.Canceled })
		open := func(context.Context, int64) (*station.Content, error) {
			data := io.MultiReader(bytes.NewReader(f.Data[:end]), stopped)
			return &station.Content{Body: io.NopCloser(data), Size: int64(size), Version: f.Item.Version}, nil
		}
		var last station.Checkpoint
		save := func(ctx context.Context, c station.Checkpoint) error { last = c; return ctx.Err() }
		if _, err := openDestination(t, dir).Upload(ctx, station.Upload{Item: f.Item, Open: open, Save: save}); err == nil || last.Confirmed != int64(end) {
			t.Errorf("%s: stopped at byte %d with %v, saved up to %d", name, end, err, last.Confirmed)
		}
		var from int64
		open = func(ctx context.Context, offset int64) (*station.Content, error) {
			from = offset
			return opener(f)(ctx, offset)
		}
		r, err := openDestination(t, dir).Upload(t.Context(), station.Upload{Item: f.Item, Open: open, Save: save, From: &last})
		sum := sha256.Sum256(f.Data)
		if err != nil || from != int64(end) || r.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the next upload began at byte %d of %d: %+v, %v", name, from, end, r, err)
		}
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func partials(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(partialDir)))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestTimes wants the capture instant as the time of modification, and places by the
// zone of the folder.
func TestTimes(t *testing.T) {
	for zone, want := range map[string]string{"Pacific/Kiritimati": "2026/01", "UTC": "2025/12", "America/New_York": "2025/12"} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		dir := made(t)
		d := openDestination(t, dir)
		d.o.Zone = location
		f := file(1, 1000)
		f.Item.CapturedAt = time.Date(2025, 12, 31, 12, 30, 0, 0, time.UTC)
		undated := file(2, 1000)
		undated.Item.CapturedAt = time.Time{}
		paths := carry(t, d, f, undated)
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(paths[0])))
		if err != nil || !info.ModTime().Equal(f.Item.CapturedAt) {
			t.Errorf("%s: modified at %v, %v", zone, info.ModTime(), err)
		}
		if paths[0] != want+"/"+f.Item.Name || paths[1] != undated.Item.Name {
			t.Errorf("%s: %q", zone, paths)
		}
	}
}

// TestLocked wants one writer at a time, told by host and process.
func TestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	unlock, err := openDestination(t, dir).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	_, err = openDestination(t, dir).Lock(t.Context())
	if fault.CodeOf(err) != fault.Locked || !strings.Contains(err.Error(), fmt.Sprintf("process %d on %s", os.Getpid(), host)) {
		t.Errorf("a second writer: %v", err)
	}
	// As a file system of several hosts has it.
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(lockFile)), []byte("\n"+`{"host":"nas","pid":7,"since":"2026-11-29T12:00:00Z"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = openDestination(t, dir).Lock(t.Context())
	if fault.CodeOf(err) != fault.Locked || !strings.Contains(err.Error(), "process 7 on nas") || !strings.Contains(err.Error(), "since 2026-11-29T12:00:00Z") {
		t.Errorf("while another host writes: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = openDestination(t, dir).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = unlock()
}

// TestLastNameIsUndone takes a whole partial file's name back, as a power cut may, and
// wants it to be used if it has the right bytes.
func TestLastNameIsUndone(t *testing.T) {
	dir := made(t)
	d := openDestination(t, dir)
	root := openRoot(t, dir)
	for n, spoil := range []func(name string) error{
		func(string) error { return nil },
		func(name string) error { return os.WriteFile(name, make([]byte, 1000), 0o644) },
	} {
		e := uploaded(t, d, file(n, 1000))
		begun := partialDir + "/" + begunName(e.Item.LedgerKey())
		if err := root.Rename(partialDir+"/"+e.Receipt.Token, begun); err != nil {
			t.Fatal(err)
		}
		if err := spoil(filepath.Join(dir, filepath.FromSlash(begun))); err != nil {
			t.Fatal(err)
		}
		made, err := d.Create(t.Context(), station.Batch{Entries: []station.Entry{e}})
		if err != nil || (made.Results[0].Err == nil) != (n == 0) {
			t.Errorf("%d: %v, %+v", n, err, made.Results)
		}
	}
	checkSums(t, dir, 1)
}

// TestReceiptStandsForItsBytes carries one item in two sessions, of which the second
// finds other bytes of the same length: the first session's receipt does not put them
// under a name with its own digest.
func TestReceiptStandsForItsBytes(t *testing.T) {
	dir := made(t)
	before := file(1, 1000)
	after := before
	after.Data, after.Item.Version = file(2, 1000).Data, "v1b"
	old := uploaded(t, openDestination(t, dir), before)
	d := openDestination(t, dir)
	entry := uploaded(t, d, after)
	for _, e := range []station.Entry{old, entry} {
		if _, err := d.Create(t.Context(), station.Batch{Entries: []station.Entry{e}}); err != nil {
			t.Fatal(err)
		}
	}
	checkSums(t, dir, 2)
}
