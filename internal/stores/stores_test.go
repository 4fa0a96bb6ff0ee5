package stores

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/state"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSourceAndTarget(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("sessions/other/meta.json"), "{}")
	write(t, at("one/jan_uary/meta.json"), `{"session_id": "jan..uary"}`)
	write(t, at("flat/february.json"), `{"session_id": "february"}`)
	write(t, at("flat/copy.json"), `{"session_id": "february"}`)
	write(t, at("one/copy/meta.json"), `{"session_id": "jan..uary"}`)
	write(t, at("data.db"), "SQLite format 3\x00and more")
	write(t, at("text"), "no session")
	for place, want := range map[string]struct{ source, only, target string }{
		at("sessions"):           {"jsondir:" + at("sessions"), "", "jsondir:" + at("sessions")},
		at("one/jan_uary"):       {"jsondir:" + at("one"), "jan..uary", "jsondir:" + at("one/jan_uary")},
		at("one/copy"):           {"", "", "jsondir:" + at("one/copy")}, // not taken for the session of that id beside it
		at("flat/february.json"): {"jsondir:" + at("flat"), "february", ""},
		at("flat/copy.json"):     {"", "", ""},
		at("data.db"):            {"sqlite:" + at("data.db"), "", "sqlite:" + at("data.db")},
		at("new"):                {"", "", "jsondir:" + at("new")},
		at("new.db"):             {"", "", ""},
		at("text"):               {"", "", ""},
		"postgres://host/db":     {"postgres://host/db", "", "postgres://host/db"},
	} {
		source, only, err := Source(place)
		if (err == nil) != (want.source != "") || err == nil && (source != want.source || only != want.only) {
			t.Errorf("Source(%q) = %q, %q, %v; want %q, %q", place, source, only, err, want.source, want.only)
		}
		target, err := Target(place)
		if (err == nil) != (want.target != "") || err == nil && target != want.target {
			t.Errorf("Target(%q) = %q, %v; want %q", place, target, err, want.target)
		}
	}
	if _, err := Target(at("new.db")); !strings.Contains(err.Error(), "sqlite:"+at("new.db")) {
		t.Errorf("Target of a new .db = %v, want both ways to write it", err)
	} else if _, ok := errors.AsType[*config.UsageError](err); !ok {
		t.Errorf("Target of a new .db = %T, want a usage error", err)
	}
}

func TestFilesOf(t *testing.T) {
	for uri, want := range map[string]Files{
		"jsondir:/s":         {Dir: "/s", Path: "/s", Temps: "/s"},
		"sqlite:/d/s.db":     {Dir: "/d", Path: "/d/s.db"},
		"postgres://host/db": {},
		"mongodb://host/db":  {},
	} {
		if diff := cmp.Diff(want, FilesOf(uri)); diff != "" {
			t.Errorf("FilesOf(%q) (-want +got):\n%s", uri, diff)
		}
	}
}

func TestOpenUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	t.Setenv("TMPDIR", t.TempDir())
	for _, uri := range []string{"jsondir:" + path, "sqlite:" + path} {
		b, err := OpenUnchanged(t.Context(), uri, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
			t.Errorf("%s: the stand-in takes no session: %v", uri, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s: %v, want nothing there", uri, err)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%s: %d directories are left", uri, len(left))
		}
	}
}

// Every scheme that is offered is opened, and the words name each.
func TestSchemes(t *testing.T) {
	for _, scheme := range Schemes {
		name, _, _ := strings.Cut(scheme, ":")
		if Openers(Options{})[name] == nil {
			t.Errorf("%s is not opened", scheme)
		}
	}
}
