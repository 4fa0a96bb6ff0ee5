package jsondir_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// withJournal returns a store in a new directory with a session "s".
func withJournal(t testing.TB) (*jsondir.Backend, string) {
	t.Helper()
	root := t.TempDir()
	b := open(t, root).(*jsondir.Backend)
	t.Cleanup(func() { b.Close() })
	if err := b.PutSession(t.Context(), state.NewSession("s", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	return b, root
}

func appendN(t testing.TB, b *jsondir.Backend, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		e := state.JournalEntry{Key: fmt.Sprintf("gopro/m%d/1/source", n%7), Bytes: int64(n), Message: strings.Repeat("x", 100)}
		if err := b.Append(t.Context(), "s", e); err != nil {
			t.Fatal(err)
		}
	}
}

// newest returns the Bytes of all entries, newest first.
func newest(t testing.TB, b *jsondir.Backend) (all []int64) {
	t.Helper()
	for e, err := range b.Newest(t.Context(), "s") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Bytes)
	}
	return all
}

// TestJournalIsBounded: a full journal is set aside, and what was set aside
// before is dropped, so that the newest entries stay without a gap.
func TestJournalIsBounded(t *testing.T) {
	b, root := withJournal(t)
	const limit = 20 << 10
	jsondir.SetJournalSize(b, limit)
	appendN(t, b, 0, 1000)
	size := int64(0)
	for _, name := range []string{"journal.jsonl", "journal.former.jsonl"} {
		info, err := os.Stat(filepath.Join(root, "s", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		size += info.Size()
	}
	if size > 2*limit+1<<10 || size < limit {
		t.Errorf("the journal has %d bytes, with a limit of %d twice", size, limit)
	}
	all := newest(t, b)
	if len(all) < 100 || all[0] != 999 || all[len(all)-1] != 1000-int64(len(all)) {
		t.Fatalf("%d entries from %d", len(all), all[0])
	}
	want := int64(-1)
	for e, err := range b.Timeline(t.Context(), "s", "gopro/m3/1/source") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Bytes%7 != 3 || want >= 0 && e.Bytes != want {
			t.Errorf("the timeline goes on with %d, want %d", e.Bytes, want)
		}
		want = e.Bytes + 7
	}
	if want < 999 {
		t.Errorf("the timeline ends before %d", want)
	}
}

// TestTornJournal: a line that a crash cut short costs one entry, wherever the
// blocks begin that are read from the end.
func TestTornJournal(t *testing.T) {
	b, root := withJournal(t)
	appendN(t, b, 0, 1000) // some blocks
	name := filepath.Join(root, "s", "journal.jsonl")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	if all := newest(t, b); len(all) != 999 || all[0] != 998 {
		t.Errorf("%d entries from %d after a crash, want 999 from 998", len(all), all[0])
	}
	appendN(t, b, 1000, 1002)
	if all := newest(t, b); len(all) != 1001 || all[0] != 1001 || all[1] != 1000 || all[2] != 998 {
		t.Errorf("%d entries from %v after a crash", len(all), all[:3])
	}
	if err := os.WriteFile(filepath.Join(root, "s", "snapshot.json"), []byte(`{"at":"2026`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Snapshot(t.Context(), "s"); err != state.ErrNotFound {
		t.Errorf("a snapshot cut short: %v", err)
	}
}

// TestJournalIsApart: the files of a journal are no strays, are not read
// as records, and go with the session.
func TestJournalIsApart(t *testing.T) {
	b, root := withJournal(t)
	ctx := t.Context()
	appendN(t, b, 0, 3)
	if err := b.PutSnapshot(ctx, "s", time.Now(), []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	again := open(t, root).(*jsondir.Backend)
	defer again.Close()
	for path, why := range again.Strays(ctx) {
		t.Errorf("%s is called a stray: %s", path, why)
	}
	if counts, err := again.Counts(ctx, "s"); err != nil || counts.Total != 0 {
		t.Errorf("counts = %+v, %v", counts, err)
	}
	if err := again.DeleteSession(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "s")); err == nil {
		t.Error("the directory of the deleted session is still there")
	}
}

// TestJournalOfFlatFile: a session that q2google's first releases wrote has a
// journal without being rewritten.
func TestJournalOfFlatFile(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "old-run.json")
	if err := os.WriteFile(path, []byte(flat), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, root).(*jsondir.Backend)
	defer b.Close()
	for e, err := range b.Newest(t.Context(), "old-run") {
		t.Errorf("entry %v, %v", e, err)
	}
	if _, err := os.Stat(filepath.Join(root, "old-run")); err == nil {
		t.Error("reading the journal made a directory")
	}
	if err := b.Append(t.Context(), "old-run", state.JournalEntry{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != flat {
		t.Errorf("the file of the session: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "old-run", "meta.json")); err == nil {
		t.Error("an entry rewrote the session")
	}
	if err := b.PutItems(t.Context(), "old-run", &state.Item{Item: media.Item{Name: "b.jpg"}}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range b.Timeline(t.Context(), "old-run", "k") {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("%d entries after the session was rewritten, want 1", n)
	}
}

// TestJournalIsNoFollowedLink: what lies in place of a journal is not written to.
func TestJournalIsNoFollowedLink(t *testing.T) {
	b, root := withJournal(t)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(root, "s", "journal.jsonl")); err != nil {
		t.Skip(err)
	}
	if err := b.Append(t.Context(), "s", state.JournalEntry{Key: "k"}); err == nil {
		t.Error("a link out of the directory was followed")
	}
	if _, err := os.Stat(outside); !os.IsNotExist(err) {
		t.Errorf("outside: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "s", "journal.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "s", "journal.jsonl"), fs.ModePerm); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(t.Context(), "s", state.JournalEntry{Key: "k"}); err == nil {
		t.Error("an entry was appended to a directory")
	}
}
