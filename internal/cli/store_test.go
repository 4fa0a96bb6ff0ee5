package cli

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// database makes a SQLite file with a session of so many items and returns what
// is in the file.
func database(t *testing.T, items int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sessions.db")
	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var list []*state.Item
	for n := range items {
		it := testItem()
		it.ID.Part, it.Name = n+1, fmt.Sprintf("GX%06d.MP4", n)
		list = append(list, &it)
	}
	err = errors.Join(
		b.PutSession(t.Context(), state.NewSession("january", media.Window{}, time.Now())),
		b.PutItems(t.Context(), "january", list...),
		b.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestStoreThatCannotBeUsed damages a database in every way and looks at what
// the user reads and how commands end.
func TestStoreThatCannotBeUsed(t *testing.T) {
	p := newPatient(t)
	sound := database(t, 300)
	const pageSize, userVersion = 4096, 60
	for _, row := range []struct {
		name, want string
		harm       func(data []byte) []byte
	}{
		{"no database", "it is not a SQLite database", func([]byte) []byte { return []byte("shopping list") }},
		{"of a newer gondola", "run the newer gondola", func(data []byte) []byte {
			binary.BigEndian.PutUint32(data[userVersion:], 99)
			return data
		}},
		{"damaged", "restore it from a copy", func(data []byte) []byte {
			for i := pageSize; i < len(data); i++ {
				data[i] = 0xaa
			}
			return data
		}},
		{"cut short", "restore it from a copy", func(data []byte) []byte { return data[:2*pageSize] }},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sessions.db")
			harmed := row.harm(bytes.Clone(sound))
			if err := os.WriteFile(path, harmed, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"sync"}, {"sync", "--dry-run"}, {"status"}, {"sessions", "export", t.TempDir()}} {
				var out, errs bytes.Buffer
				code := Run(t.Context(), append(args, "--state", "sqlite:"+path), strings.NewReader(""), &out, &errs, p.environ)
				if text := errs.String(); code != 1 || !strings.Contains(text, path) || !strings.Contains(text, row.want) {
					t.Errorf("%v: exit code %d, want 1, the path and %q\n%s", args, code, row.want, text)
				}
			}
			if d := p.examine("--state", "sqlite:"+path); d.code != 1 || d.findings["state"][0] != "problem" {
				t.Errorf("doctor: exit code %d\n%s", d.code, d.text)
			}
			if now, err := os.ReadFile(path); row.name != "damaged" && row.name != "cut short" && (err != nil || !bytes.Equal(now, harmed)) {
				t.Errorf("what is not ours was changed: %v", err)
			}
		})
	}
}

func TestDoctorLooksAtTheDatabase(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing on Windows")
	}
	p := newPatient(t)
	path := filepath.Join(p.home, "sessions.db")
	if err := os.WriteFile(path, database(t, 3), 0o644); err != nil {
		t.Fatal(err)
	}
	p.examine("--state", "sqlite:"+path).want(t, 1, map[string]string{"privacy": "ok problem", "state": "ok", "sessions": "ok", "state directory": "ok"})
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	p.examine("--state", "sqlite:"+path).want(t, 0, map[string]string{"privacy": "ok ok"})
	p.examine("--state", "sqlite:"+path+".none").want(t, 0, map[string]string{"state": "ok", "sessions": "ok"})
	if _, err := os.Stat(path + ".none"); err == nil {
		t.Error("doctor made a database")
	}
}
