//go:build unix

package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrivate(t *testing.T) {
	config, state := t.TempDir(), t.TempDir()
	token, client, missing := filepath.Join(config, "token.json"), filepath.Join(config, "client_secret.json"), filepath.Join(config, "none")
	item := filepath.Join(state, "s", "items", "a.json")
	if err := os.MkdirAll(filepath.Dir(item), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{token, client, item} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mode := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	check := func() Check { return Private([]string{token, client, missing}, state) }
	mode(config, 0o700)
	mode(state, 0o700)
	if found := at(t, OK, check()); len(found) != 2 || !strings.Contains(found[0].What, "2 files") {
		t.Errorf("all private: %+v", found)
	}

	mode(token, 0o640)
	if f := only(t, at(t, Problem, check())); !strings.Contains(f.What, "0640") || f.Remedy != "chmod 600 "+token || f.Credentials {
		t.Errorf("a token for the group: %+v", f)
	}
	mode(token, 0o600)
	mode(config, 0o777)
	if found := at(t, Warning, check()); len(found) != 2 {
		t.Errorf("a directory that everybody writes in: %+v", found)
	}
	mode(config, 0o700)

	// What is inside a closed directory is closed.
	mode(item, 0o644)
	if found := at(t, Problem, check()); len(found) != 0 {
		t.Errorf("an open file in a closed directory: %+v", found)
	}
	mode(state, 0o755)
	if f := only(t, at(t, Warning, check())); f.Remedy != "chmod -R go= "+state {
		t.Errorf("an open directory around closed ones: %+v", f)
	}
	mode(filepath.Dir(item), 0o755)
	mode(filepath.Dir(filepath.Dir(item)), 0o755)
	if f := only(t, at(t, Problem, check())); !strings.Contains(f.What, "1 file ") || !strings.Contains(f.What, item) {
		t.Errorf("a file that everybody reads: %+v", f)
	}

	// The login's own check writes the file anew while this one waits its turn.
	mode(token, 0o640)
	late := check()
	mode(token, 0o600)
	if found := at(t, Problem, late); len(found) != 2 {
		t.Errorf("a token that was made private meanwhile: %+v", found)
	}
}
