package jsondir_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"GX010001000.MP4": "GX010001000.MP4", "a/b.jpg": "a_b.jpg", "a..b": "a_b", "...": "_.", "../x": "__x", "/abs": "_abs", "": "", `a\b`: `a\b`, "....": "__",
	} {
		if got := jsondir.SafeName(name); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", name, got, want)
		}
	}
}

// carried returns a started session with n items.
func carried(t *testing.T, b state.Backend, n int) []*state.Item {
	t.Helper()
	if err := b.PutSession(t.Context(), state.NewSession("s", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	var list []*state.Item
	for i := range n {
		it := &state.Item{Discovery: state.Completed}
		it.ID = media.ID{Station: "gopro", Medium: string(rune('a' + i)), Part: 1, Label: "source"}
		it.Name = it.ID.Medium + ".jpg"
		list = append(list, it)
	}
	if err := b.PutItems(t.Context(), "s", list...); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestOnlyChangesAreWritten(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	list := carried(t, b, 5)
	var ops []string
	jsondir.Watch(b, func(op, name string) error {
		if op == "rename" || op == "remove" {
			ops = append(ops, op+" "+name)
		}
		return nil
	})
	list[2].Transfer = state.Completed
	if err := b.PutItems(t.Context(), "s", list...); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.PutBatch(t.Context(), "s", &state.Batch{Index: state.FirstBatchIndex}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"rename s/items/c.jpg.json", "rename s/batches/1000000.json"}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Errorf("changes of the disk (-want +got):\n%s", diff)
	}
}

// TestOrder checks that content is synced under another name before it takes
// its place, and the directory after.
func TestOrder(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	list := carried(t, b, 3)
	var ops []string
	jsondir.Watch(b, func(op, name string) error {
		ops = append(ops, op)
		return nil
	})
	list[0].Transfer = state.Completed
	if err := b.PutItems(t.Context(), "s", list...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mkdir", "write", "rename", "sync"}, ops); diff != "" {
		t.Errorf("changes of the disk (-want +got):\n%s", diff)
	}
}

func TestPermissions(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "state")
	if err := os.CopyFS(root, os.DirFS(plant(t, q2google))); err != nil { // 0755 and 0644
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "old-run.json"), []byte(flat), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, root)
	defer b.Close()
	carried(t, b, 1)
	for _, id := range []string{"january-2026", "old-run"} {
		lock, err := b.Lock(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Unlock()
		if err := b.PutBatch(t.Context(), id, &state.Batch{Index: state.FirstBatchIndex + 9}); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := b.Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if err := b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		seen++
		return nil
	})
	if err != nil || seen < 20 {
		t.Errorf("%d files seen, %v", seen, err)
	}
}

func TestNewDirectoriesArePrivate(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "b")
	open(t, root).Close()
	for _, dir := range []string{root, filepath.Dir(root)} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, %v", dir, info.Mode(), err)
		}
	}
}

func TestCorruptFiles(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"header cut":      {"meta.json", `{"session_id": "s"`, "unexpected end of JSON input"},
		"header empty":    {"meta.json", ``, "unexpected end of JSON input"},
		"foreign header":  {"meta.json", `{"session_id": "other"}`, `it is of session "other"`},
		"item cut":        {"items/a.jpg.json", `{"file_`, "unexpected end of JSON input"},
		"item of zeros":   {"items/a.jpg.json", "\x00\x00\x00", "invalid character"},
		"nameless item":   {"items/z.json", `{}`, "no file_name"},
		"bad identity":    {"items/a.jpg.json", `{"file_name": "a.jpg", "gondola": {"id": "x"}}`, "item key"},
		"batch unindexed": {"batches/1.json", `{}`, "no batch_index"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			b := open(t, root)
			carried(t, b, 2)
			b.Close()
			path := filepath.Join(root, "s", tc.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			b = open(t, root)
			defer b.Close()
			_, err := b.Counts(t.Context(), "s")
			f, ok := errors.AsType[*media.Fault](err)
			if !ok || f.Class != media.SessionWide || f.Code != media.CodeState || f.Hint == "" {
				t.Fatalf("Counts = %#v, want a fault with a hint", err)
			}
			if text := err.Error(); !strings.Contains(text, path) || !strings.Contains(text, tc.want) {
				t.Errorf("%s\nwant it to name %s and say %s", text, path, tc.want)
			}
			if err := b.DeleteSession(t.Context(), "s"); err != nil {
				if name == "foreign header" {
					return
				}
				t.Errorf("DeleteSession = %v", err)
			}
			if left := harvest(t, root); len(left) != 0 {
				t.Errorf("left after DeleteSession: %v", names(left))
			}
		})
	}
}

func TestForeignNeighbours(t *testing.T) {
	outside := plant(t, map[string]string{"meta.json": `{"session_id": "escape"}`})
	root := plant(t, map[string]string{
		"token.json":           `{"token": "ya29", "refresh_token": "1//0g"}`,
		"list.json":            `[1, 2]`,
		"cut.json":             `{"session_id": "cut", "items"`,
		"notes.txt":            "hello",
		"photos/a.jpg":         "",
		"broken/meta.json":     `{`,
		"good/meta.json":       `{"session_id": "good", "updated_at": "2026-01-10T09:00:00+00:00"}`,
		"old.json":             strings.ReplaceAll(flat, "old-run", "old"),
		"..gondola/meta.json":  `{"session_id": "..gondola"}`,
		"good/items/x.json/no": "",
	})
	if err := os.Symlink(outside, filepath.Join(root, "escape")); err != nil {
		t.Skip(err)
	}
	b := open(t, root)
	defer b.Close()
	var ids, broken []string
	for s, err := range b.Sessions(t.Context()) {
		if err != nil {
			broken = append(broken, s.ID)
			continue
		}
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"good", "old"}, ids); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	slices.Sort(broken)
	if diff := cmp.Diff([]string{"broken", "cut"}, broken); diff != "" {
		t.Errorf("unreadable (-want +got):\n%s", diff)
	}
	if c, err := b.Counts(t.Context(), "good"); err != nil || c.Total != 0 {
		t.Errorf("Counts = %v, %v", c, err)
	}
	if _, err := b.Session(t.Context(), "token"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a file that is no session: %v", err)
	}
	escape := state.NewSession("escape", media.Window{}, time.Now())
	if err := b.PutSession(t.Context(), escape); media.CodeOf(err) != media.CodeState {
		t.Errorf("PutSession through a link out of the directory = %v", err)
	}
	if got := harvest(t, outside); len(got) != 1 || got["meta.json"] != `{"session_id": "escape"}` {
		t.Errorf("written outside: %v", got)
	}
}

func TestIDsThatShareADirectory(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx := t.Context()
	if err := b.PutSession(ctx, state.NewSession("a_b", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	_, session := b.Session(ctx, "a/b")
	_, lock := b.Lock(ctx, "a/b")
	_, counts := b.Counts(ctx, "a/b")
	for name, err := range map[string]error{
		"PutSession": b.PutSession(ctx, state.NewSession("a/b", media.Window{}, time.Now())),
		"Session":    session, "Lock": lock, "Counts": counts, "PutItems": b.PutItems(ctx, "a/b"), "DeleteSession": b.DeleteSession(ctx, "a/b"),
	} {
		if media.CodeOf(err) != media.CodeState || !strings.Contains(err.Error(), `holds session "a_b"`) {
			t.Errorf("%s = %v", name, err)
		}
	}
}

func TestNamesThatShareAFile(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	carried(t, b, 1)
	it := &state.Item{}
	it.ID, it.Name = media.ID{Station: "gopro", Medium: "z", Part: 1}, "Strauß/É.jpg"
	if err := b.PutItems(t.Context(), "s", it); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Strauß/É.jpg", "STRAUSS_é.JPG", "strauss_E\u0301.jpg"} {
		if got, err := b.ItemNamed(t.Context(), "s", name); err != nil || got.ID != it.ID {
			t.Errorf("ItemNamed(%q) = %v, %v", name, got, err)
		}
		other := *it
		other.ID.Medium, other.Name = "y", name
		if err := b.PutItems(t.Context(), "s", &other); media.CodeOf(err) != media.CodeState {
			t.Errorf("PutItems(%q) = %v, want it refused", name, err)
		}
	}
}

func TestDiskFaults(t *testing.T) {
	for _, tc := range []struct {
		cause error
		hint  string
	}{
		{syscall.ENOSPC, "free space on the disk"},
		{syscall.EROFS, "writable"},
		{os.ErrPermission, "writable"},
	} {
		root := t.TempDir()
		b := open(t, root)
		list := carried(t, b, 1)
		jsondir.Watch(b, func(op, name string) error {
			if op == "write" || op == "append" {
				return tc.cause
			}
			return nil
		})
		list[0].Transfer = state.Completed
		for name, err := range map[string]error{
			"PutItems": b.PutItems(t.Context(), "s", list[0]),
			"Record":   b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"}),
		} {
			f, ok := errors.AsType[*media.Fault](err)
			if !ok || f.Class != media.SessionWide || !errors.Is(err, tc.cause) || !strings.Contains(f.Hint, tc.hint) || !strings.Contains(f.Error(), root) {
				t.Errorf("%s on %v = %v, hint %q", name, tc.cause, err, f.Hint)
			}
		}
		jsondir.Watch(b, func(string, string) error { return nil })
		if got, err := b.Item(t.Context(), "s", list[0].ID.Key()); err != nil || got.Transfer == state.Completed {
			t.Errorf("after a failed write: %v, %v; want what is stored", got, err)
		}
		b.Close()
	}
}

func TestLeftoverTemps(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	carried(t, b, 1)
	b.Close()
	temps := []string{"s/meta.4711.tmp", "s/items/a.jpg.4711.tmp", "s/items/gondola-1-1.tmp", "s/batches/0.1.tmp"}
	if err := os.Mkdir(filepath.Join(root, "s/batches"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range temps {
		if err := os.WriteFile(filepath.Join(root, name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b = open(t, root)
	defer b.Close()
	if c, err := b.Counts(t.Context(), "s"); err != nil || c.Total != 1 {
		t.Errorf("Counts = %v, %v", c, err)
	}
	if _, err := b.Lock(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(names(harvest(t, root)), func(name string) bool { return !strings.HasSuffix(name, ".tmp") })
	if len(left) != 0 {
		t.Errorf("left under lock: %v", left)
	}
}

// TestReaderSeesWriter is the dashboard's case: it has the session open while
// another process runs it.
func TestReaderSeesWriter(t *testing.T) {
	root := t.TempDir()
	writer, reader := open(t, root), open(t, root)
	defer writer.Close()
	defer reader.Close()
	list := carried(t, writer, 3)
	if _, err := writer.Lock(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	for n, it := range list {
		it.Transfer, it.Create = state.Completed, state.Completed
		if err := writer.PutItems(t.Context(), "s", it); err != nil {
			t.Fatal(err)
		}
		c, err := reader.Counts(t.Context(), "s")
		if err != nil || c.Outcomes[state.OutcomeCreated] != n+1 {
			t.Errorf("the reader counts %v, %v; want %d created", c, err, n+1)
		}
	}
}

func TestLedgerSurvivesTornLines(t *testing.T) {
	root, ctx := t.TempDir(), t.Context()
	path := filepath.Join(root, "..gondola", "ledger.jsonl")
	b := open(t, root)
	entry := func(key, id string) state.LedgerEntry {
		return state.LedgerEntry{Account: "a", Key: key, DestinationID: id}
	}
	if err := b.Record(ctx, entry("k", "1"), entry("l", "2")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, tail := range map[string]string{
		"cut short": `{"account":"a","key":"k","destina`, "zeros": "\x00\x00\x00", "no entry": "{}\n[]\nnonsense\n",
		"too long": strings.Repeat("x", 200_000) + "\n", "too long and cut": strings.Repeat("x", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, append(bytes.Clone(whole), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			fresh, err := jsondir.Open(root, jsondir.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer fresh.Close()
			if e, err := fresh.Recall(ctx, "a", "k"); err != nil || e.DestinationID != "1" {
				t.Errorf("Recall = %v, %v", e, err)
			}
			if err := fresh.Record(ctx, entry("m", "3")); err != nil {
				t.Fatal(err)
			}
			for _, b := range []state.Backend{fresh, open(t, root), b} { // b has indexed another tail
				for key, want := range map[string]string{"k": "1", "l": "2", "m": "3"} {
					if e, err := b.Recall(ctx, "a", key); err != nil || e.DestinationID != want {
						t.Errorf("Recall(%s) = %v, %v; want %s", key, e, err, want)
					}
				}
			}
			data, err := os.ReadFile(path)
			if err != nil || !bytes.HasSuffix(data, []byte("\n")) {
				t.Errorf("the last line is still torn: %v", err)
			}
		})
	}
	b.Close()
}

func TestRefusedIDs(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	for id, why := range map[string]string{
		"": "empty", ".": "directory itself", "a\x00": "control", "\x1b[2J": "control", "\xff": "UTF-8", strings.Repeat("x", 300): "longer than",
	} {
		_, err := b.Lock(t.Context(), id)
		f, ok := errors.AsType[*media.Fault](err)
		if !ok || f.Hint == "" || !strings.Contains(f.Error(), why) || len(f.Error()) > 200 {
			t.Errorf("Lock(%q) = %v, want it to say %q", id, err, why)
		}
	}
	if got := slices.Collect(maps.Keys(b.(*jsondir.Backend).Used())); len(got) != 0 {
		t.Errorf("refused ids left %v", got)
	}
}

// TestFormerFileReappears: a power cut may bring back a file whose removal had
// not reached the disk.
func TestFormerFileReappears(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	it := carried(t, b, 1)[0]
	former := filepath.Join(root, "s", "items", "a.jpg.json")
	old, err := os.ReadFile(former)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"0 new.jpg", "z new.jpg"} { // listed before and after
		it.Name, it.Transfer = name, state.Completed
		if err := b.PutItems(t.Context(), "s", it); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(former, old, 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-time.Hour)
		if err := os.Chtimes(former, then, then); err != nil {
			t.Fatal(err)
		}
		fresh := open(t, root)
		got, err := fresh.Item(t.Context(), "s", it.ID.Key())
		if err != nil || got.Name != name || got.Transfer != state.Completed {
			t.Errorf("item = %+v, %v; want the one named %s", got, err, name)
		}
		if err := fresh.PutItems(t.Context(), "s", got); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(former); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the former file is left: %v", err)
		}
		fresh.Close()
	}
	b.Close()
}

func TestOpenExisting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions")
	opener := jsondir.Opener(jsondir.Options{Existing: true})
	openers := state.Openers{jsondir.Scheme: opener}
	if b, err := openers.Open(t.Context(), "jsondir:"+path); b != nil || !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Open = %v, %v, want ErrNotFound", b, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat = %v, want nothing there", err)
	}
	open(t, path).Close()
	b, err := openers.Open(t.Context(), "jsondir:"+path)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, err := openers.Open(t.Context(), "jsondir:"); !errors.Is(err, state.ErrURI) {
		t.Errorf("Open without a path = %v, want ErrURI", err)
	}
}
