package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// files returns what is in a directory, by digest.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	found := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			found[e.Name()] = "directory"
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		sum := sha256.Sum256(data)
		found[e.Name()] = string(sum[:])
	}
	return found
}

// raw runs statements on a database that no backend has open.
func raw(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestRefusedFiles: what is not ours is refused, and nothing of it changes.
func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Mkdir(at("directory"), 0o700))
	must(t, os.WriteFile(at("text"), []byte("These are my notes, and quite long ones, which nobody should take for a database of sessions."), 0o600))
	must(t, os.WriteFile(at("short"), []byte("SQLite format 3\x00"), 0o600))
	raw(t, at("foreign"), "CREATE TABLE photos (id TEXT)", "INSERT INTO photos VALUES ('x')")
	raw(t, at("foreign wal"), "PRAGMA journal_mode = WAL", "PRAGMA application_id = 7", "CREATE TABLE photos (id TEXT)")
	open(t, at("newer")).Close()
	raw(t, at("newer"), "PRAGMA user_version = 99", "PRAGMA wal_checkpoint(TRUNCATE)")
	before := files(t, dir)
	for name, why := range map[string]string{
		"directory": "directory", "text": "not a SQLite database", "short": "not a SQLite database", "text/x.db": "not a directory",
		"foreign": "another program", "foreign wal": "another program", "newer": "version 99; this gondola knows version 4",
	} {
		b, err := sqlite.Open(t.Context(), at(name), sqlite.Options{})
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("Open(%s) = %v, %v; want %q", name, b, err, why)
			continue
		}
		if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.State {
			t.Errorf("Open(%s) = %v, want a fault of the state", name, err)
		}
		if !strings.Contains(err.Error(), at(name)) {
			t.Errorf("Open(%s) = %v, want the path in it", name, err)
		}
	}
	wantEqual(t, "files", before, files(t, dir))
	for _, path := range []string{"", "a\x00b"} {
		if b, err := sqlite.Open(t.Context(), path, sqlite.Options{}); fault.CodeOf(err) != fault.State {
			t.Errorf("Open(%q) = %v, %v", path, b, err)
		}
	}
}

func TestOpener(t *testing.T) {
	openers := state.Openers{sqlite.Scheme: sqlite.Opener(sqlite.Options{})}
	for _, uri := range []string{"sqlite:", "sqlite"} {
		if b, err := openers.Open(t.Context(), uri); b != nil || !errors.Is(err, state.ErrURI) {
			t.Errorf("Open(%s) = %v, %v, want ErrURI", uri, b, err)
		}
	}
	path := filepath.Join(t.TempDir(), "new", "dir", "a.db")
	b, err := openers.Open(t.Context(), "SQLite:"+path)
	must(t, err)
	must(t, b.Close())
	info, err := os.Stat(path)
	must(t, err)
	if info.Size() == 0 {
		t.Error("the file is empty after it has been closed")
	}
	if b, err := openers.Open(t.Context(), "sqlite:"+filepath.Dir(path)); b != nil || err == nil {
		t.Errorf("Open of a directory = %v, %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, path, sqlite.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context = %v", err)
	}
}

func TestOpenExisting(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600))
	existing := sqlite.Opener(sqlite.Options{Existing: true})
	// As a process leaves it that was killed before it made the first table.
	raw(t, filepath.Join(dir, "begun.db"), "PRAGMA application_id = 0x476f6e64", "CREATE TABLE t (x)", "DROP TABLE t")
	before := files(t, dir)
	for _, name := range []string{"none.db", "nowhere/none.db", "empty.db", "begun.db"} {
		if b, err := existing(t.Context(), "sqlite:"+filepath.Join(dir, name)); b != nil || !errors.Is(err, state.ErrNotFound) || fault.CodeOf(err) != fault.State {
			t.Errorf("Open of %s = %v, %v, want ErrNotFound", name, b, err)
		}
	}
	wantEqual(t, "files", before, files(t, dir))

	b, path := fresh(t)
	load(t, b, 0, 5)
	must(t, b.Close())
	before = files(t, filepath.Dir(path))
	again, err := existing(t.Context(), "sqlite:"+path)
	must(t, err)
	counts, err := again.Counts(t.Context(), "s")
	must(t, err)
	if counts.Total != 5 {
		t.Errorf("%d items, want 5", counts.Total)
	}
	must(t, again.Close())
	wantEqual(t, "files", before, files(t, filepath.Dir(path)))

	raw(t, path, "PRAGMA user_version = 0")
	if b, err := existing(t.Context(), "sqlite:"+path); b != nil || err == nil || fault.HintOf(err) == "" {
		t.Errorf("Open of an older schema = %v, %v, want it to say how to bring it up to date", b, err)
	}
}

// TestSpecialPaths: any path is a path, whatever it means in a URI.
func TestSpecialPaths(t *testing.T) {
	dir := t.TempDir()
	names := []string{
		"a b.db", "100%.db", "%41.db", "what?.db", "?mode=memory", "a#b.db", "a&b=c;d+e.db", ":memory:", "file:x.db",
		"ünïcödé 漢字 🚠.db", "'quoted\".db", "back\\slash.db", "line\nbreak.db", "-wal", "~", "x.db?vfs=none&_pragma=foreign_keys(0)",
	}
	var want []string
	for _, name := range names {
		sub := filepath.Join(dir, "in "+strings.ReplaceAll(name, "/", ""))
		path := filepath.Join(sub, name)
		b := open(t, path)
		load(t, b, 0, 1)
		must(t, b.Close())
		b = open(t, path)
		load(t, b, 1, 2)
		must(t, b.Close())
		entries, err := os.ReadDir(sub)
		must(t, err)
		if len(entries) != 1 || entries[0].Name() != name {
			t.Errorf("Open(%q) made %v", name, entries)
		}
		want = append(want, filepath.Base(sub))
	}
	slices.Sort(want)
	var got []string
	for name := range files(t, dir) {
		got = append(got, name)
	}
	slices.Sort(got)
	wantEqual(t, "directories", want, got)

	t.Chdir(dir)
	b := open(t, "relative.db")
	defer b.Close()
	if _, err := os.Stat(filepath.Join(dir, "relative.db")); err != nil {
		t.Error(err)
	}
}

// TestOpenedAtOnce: of many that open a path where nothing is, each gets the
// same database.
func TestOpenedAtOnce(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "gondola.db")
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer b.Close()
				if err := b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b := open(t, path)
		if _, err := b.Recall(t.Context(), "a", "k"); err != nil {
			t.Error(err)
		}
		wantSound(t, b)
		must(t, b.Close())
	}
}

// TestUpgradedWhileRead: an older schema is brought up to date in a file without a
// write-ahead log that another process reads for longer than SQLite waits by itself.
func TestUpgradedWhileRead(t *testing.T) {
	path := recorded(t, "v1")
	other, err := sql.Open("sqlite", path)
	must(t, err)
	defer other.Close()
	other.SetMaxOpenConns(1)
	_, err = other.ExecContext(t.Context(), "PRAGMA journal_mode = DELETE")
	must(t, err)
	reading, err := other.BeginTx(t.Context(), nil)
	must(t, err)
	var tables int
	must(t, reading.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables))
	time.AfterFunc(500*time.Millisecond, func() { _ = reading.Rollback() })

	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	must(t, err)
	wantSound(t, b)
	must(t, b.Close())
}

// FuzzHeader: a file is ours by its header or refused, and is not changed.
func FuzzHeader(f *testing.F) {
	path := filepath.Join(f.TempDir(), "gondola.db")
	open(f, path).Close()
	ours, err := os.ReadFile(path)
	must(f, err)
	foreign := bytes.Clone(ours[:100])
	binary.BigEndian.PutUint32(foreign[68:], 7)
	f.Add(ours[:100])
	f.Add(ours[:99])
	f.Add(foreign)
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, head []byte) {
		path := filepath.Join(t.TempDir(), "gondola.db")
		whole := slices.Concat(head, ours[min(len(head), len(ours)):])
		if len(head) < 100 {
			whole = head
		}
		must(t, os.WriteFile(path, whole, 0o600))
		b, err := sqlite.Open(t.Context(), path, sqlite.Options{Existing: true})
		isOurs := len(whole) >= 100 && bytes.HasPrefix(whole, ours[:16]) && bytes.Equal(whole[68:72], ours[68:72])
		if err == nil {
			must(t, b.Close())
		}
		if bytes.Equal(whole, ours) && err != nil || !isOurs && err == nil {
			t.Errorf("Open = %v, ours %v", err, isOurs)
		}
		after, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(whole, after) {
			t.Error("the file was changed")
		}
	})
}
