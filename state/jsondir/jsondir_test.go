package jsondir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/jsondir"
)

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
	if diff := cmp.Diff([]string{"create", "write", "rename", "sync"}, ops); diff != "" {
		t.Errorf("changes of the disk (-want +got):\n%s", diff)
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
	if err := b.PutSession(t.Context(), escape); fault.CodeOf(err) != fault.State {
		t.Errorf("PutSession through a link out of the directory = %v", err)
	}
	if got := harvest(t, outside); len(got) != 1 || got["meta.json"] != `{"session_id": "escape"}` {
		t.Errorf("written outside: %v", got)
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

// TestNewSessionWithBatches: changes that wait together may make a session and store
// batches of it at once.
func TestNewSessionWithBatches(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	defer b.Close()
	w := driver.Write{
		Header:  &driver.Header{ID: "s", Document: []byte(`{"session_id": "s", "gondola": {}}`)},
		Batches: []driver.Batch{{Index: 1_000_000, Document: []byte(`{"batch_index": 1000000, "gondola": {}}`)}, {Index: 7}},
	}
	if err := jsondir.Driver(b).Update(t.Context(), "s", func(tx driver.Tx) error { return tx.Write(w) }); err != nil {
		t.Fatal(err)
	}
	for _, b := range []state.Backend{b, open(t, root)} {
		n := 0
		for batch, err := range b.Batches(t.Context(), "s") {
			if n++; err != nil || batch.Index != state.FirstBatchIndex {
				t.Errorf("batch %+v, %v", batch, err)
			}
		}
		if n != 1 {
			t.Errorf("%d batches, want 1", n)
		}
	}
}
