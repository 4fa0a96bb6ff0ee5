package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// TestDiskFull fills the disk in the midst of a change: nothing of the change
// is stored, reading goes on, and so does writing when there is room again.
func TestDiskFull(t *testing.T) {
	b, _ := fresh(t)
	load(t, b, 0, 100)
	lock, err := b.Lock(t.Context(), "s")
	must(t, err)
	must(t, b.Exec("PRAGMA max_page_count = 1")) // as many as there are

	var list []*state.Item
	for n := 100; n < 400; n++ {
		list = append(list, libraryItem(n))
	}
	err = b.PutItems(t.Context(), "s", list...)
	wantFault(t, "PutItems on a full disk", err)
	if !strings.Contains(fault.HintOf(err), "free space") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
	if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "(13)") {
		t.Errorf("%v, want a full disk in plain words", err)
	}
	if list[0].Seq != 0 {
		t.Errorf("an item that was not stored has Seq %d", list[0].Seq)
	}
	counts, err := b.Counts(t.Context(), "s")
	must(t, err)
	if counts.Total != 100 {
		t.Errorf("%d items, want 100", counts.Total)
	}
	wantSound(t, b)

	must(t, b.Exec("PRAGMA max_page_count = 1000000"))
	must(t, b.PutItems(t.Context(), "s", list...))
	must(t, lock.Unlock())
	wantSound(t, b)
}

// damage writes nonsense over the pages of a closed database from a byte on.
func damage(t *testing.T, path string, from int64, bytes int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("nonsense", bytes/8)), from)
	must(t, errors.Join(err, f.Close()))
}

// wellPut stores items and closes the database.
func wellPut(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "gondola.db")
	b := open(t, path)
	load(t, b, 0, n)
	must(t, b.Close())
	return path
}

// TestDamaged: whatever meets a damaged page says so, and what helps.
func TestDamaged(t *testing.T) {
	path := wellPut(t, 400)
	info, err := os.Stat(path)
	must(t, err)
	damage(t, path, info.Size()/2/4096*4096, int(info.Size()/3))
	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	must(t, err)
	defer b.Close()
	for what, err := range map[string]error{
		"Items": last(b.Items(t.Context(), "s", state.Query{})), "Check": b.Check(t.Context()),
	} {
		wantFault(t, what, err)
		if !strings.Contains(fault.HintOf(err), "gondola sessions export") {
			t.Errorf("%s: hint %q", what, fault.HintOf(err))
		}
	}
	if _, err := b.Session(t.Context(), "s"); err != nil {
		t.Errorf("Session, which is not damaged: %v", err)
	}
}

// TestAfterOutage: a database that another boot of the machine left unclosed is
// read once from end to end; one that was closed, or left by a process that was
// killed, is not.
func TestAfterOutage(t *testing.T) {
	otherMachine := "INSERT INTO store (name, value) VALUES ('machine', 'other') ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	for _, tc := range []struct {
		name             string
		unclean, machine bool
		sound, checked   bool
	}{
		{name: "closed", machine: true, sound: false},
		{name: "killed", unclean: true, sound: false},
		{name: "down", unclean: true, machine: true, sound: true, checked: true},
		{name: "down and damaged", unclean: true, machine: true, sound: false, checked: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := wellPut(t, 400)
			if tc.machine {
				raw(t, path, otherMachine)
			}
			if !tc.sound {
				info, err := os.Stat(path)
				must(t, err)
				damage(t, path, info.Size()/2/4096*4096, int(info.Size()/3))
			}
			if tc.unclean {
				must(t, os.WriteFile(path+"-wal", []byte("left behind"), 0o600))
			}
			var log bytes.Buffer
			b, err := sqlite.Open(t.Context(), path, sqlite.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if refused := tc.checked && !tc.sound; refused != (err != nil) {
				t.Fatalf("Open = %v, want it to be refused: %v", err, refused)
			}
			if checked := strings.Contains(log.String(), "went down"); checked != tc.checked {
				t.Errorf("log %q, want a check: %v", log.String(), tc.checked)
			}
			if err != nil {
				wantFault(t, "Open", err)
				return
			}
			must(t, b.Close())
			must(t, os.WriteFile(path+"-wal", []byte("left behind"), 0o600))
			log.Reset()
			b, err = sqlite.Open(t.Context(), path, sqlite.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			must(t, err)
			must(t, b.Close())
			if log.Len() > 0 {
				t.Errorf("the second opening says %q", log.String())
			}
		})
	}
}

// TestBadDocuments: a document that somebody spoilt fails by itself.
func TestBadDocuments(t *testing.T) {
	path := wellPut(t, 3)
	raw(t, path, "UPDATE items SET document = '{}' WHERE seq = 2", "UPDATE items SET document = replace(document, 'created_at\":\"2', 'created_at\":\"x') WHERE seq = 3",
		"INSERT INTO batches VALUES (1, 7, 'nonsense')", "INSERT INTO sessions (id, updated, document) VALUES ('t', '', '{}')")
	b := open(t, path)
	defer b.Close()
	ctx := t.Context()
	if _, err := b.ItemNamed(ctx, "s", libraryItem(0).Name); err != nil {
		t.Error(err)
	}
	for n := 1; n < 3; n++ {
		_, err := b.ItemNamed(ctx, "s", libraryItem(n).Name)
		wantFault(t, "ItemNamed", err)
	}
	wantFault(t, "Items", last(b.Items(ctx, "s", state.Query{})))
	wantFault(t, "Batches", last(b.Batches(ctx, "s")))
	read := map[string]bool{}
	for s, err := range b.Sessions(ctx) {
		if read[s.ID] = err == nil; err != nil {
			wantFault(t, "Sessions", err)
		}
	}
	wantEqual(t, "sessions", map[string]bool{"s": true, "t": false}, read)
	must(t, b.DeleteSession(ctx, "t"))
}

// FuzzDamage: a database with a damaged byte is used or refused; nothing panics.
func FuzzDamage(f *testing.F) {
	path := filepath.Join(f.TempDir(), "gondola.db")
	b := open(f, path)
	load(f, b, 0, 20)
	must(f, b.Close())
	whole, err := os.ReadFile(path)
	must(f, err)
	for at := 0; at < len(whole); at += 997 {
		f.Add(at, byte(0xff))
	}
	f.Fuzz(func(t *testing.T, at int, flip byte) {
		if at < 0 || at >= len(whole) {
			t.Skip()
		}
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= flip
		path := filepath.Join(t.TempDir(), "gondola.db")
		must(t, os.WriteFile(path, spoilt, 0o600))
		b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			acceptable(t, "Open", err)
			return
		}
		defer b.Close()
		_, counts := b.Counts(t.Context(), "s")
		for what, err := range map[string]error{
			"Items": last(b.Items(t.Context(), "s", state.Query{})), "Counts": counts, "Check": b.Check(t.Context()),
			"PutItems": b.PutItems(t.Context(), "s", libraryItem(30)), "Record": b.Record(context.Background(), state.LedgerEntry{Account: "a", Key: "k"}),
			"DeleteSession": b.DeleteSession(t.Context(), "s"),
		} {
			acceptable(t, what, err)
		}
	})
}

func acceptable(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, state.ErrNotFound) && fault.CodeOf(err) != fault.State {
		t.Errorf("%s: %v", what, err)
	}
}
