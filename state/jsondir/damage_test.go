package jsondir_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

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
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Class != fault.Session || f.Code != fault.State || f.Hint == "" {
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
			if op == "write" || op == "append to" {
				return tc.cause
			}
			return nil
		})
		list[0].Transfer = state.Completed
		for name, err := range map[string]error{
			"PutItems": b.PutItems(t.Context(), "s", list[0]),
			"Record":   b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"}),
		} {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Class != fault.Session || !errors.Is(err, tc.cause) || !strings.Contains(f.Hint, tc.hint) || !strings.Contains(f.Error(), root) {
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
