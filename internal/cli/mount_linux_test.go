package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// bind mounts path on itself, for the length of the test.
func bind(t *testing.T, path string, readOnly bool) {
	t.Helper()
	if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if !readOnly {
		return
	}
	if err := syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot mount read-only here: %v", err)
	}
}

// expire lets the access token in a token file end in the past.
func expire(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	doc["expiry"], doc["token"] = "2020-01-01T00:00:00Z", "ya29.expired"
	if text, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// An expired token file that a container mounts is no reason to stop.
func TestExpiredTokenFileOnAMount(t *testing.T) {
	for _, tc := range []struct {
		name            string
		whole, readOnly bool // the directory, not the file
	}{
		{"read-only directory", true, true},
		{"read-only file", false, true},
		{"single file", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			p := newPatient(t)
			expire(t, p.token)
			path := p.token
			if tc.whole {
				path = filepath.Dir(path)
			}
			bind(t, path, tc.readOnly)
			for _, args := range [][]string{{"login", "status"}, {"sync"}, {"ls", "gphotos:"}} {
				code, stdout, stderr := invoke(t, p.environ, args...)
				if code != exitDone {
					t.Errorf("%q: exit code %d: %s%s", args, code, stdout, stderr)
				}
				if said := strings.Contains(stdout, "keeps it in memory"); args[0] == "login" && said != tc.readOnly {
					t.Errorf("login status says %v that the file cannot be written:\n%s", said, stdout)
				}
				if warned := strings.Count(stderr, "cannot be saved"); args[0] == "sync" && tc.readOnly && warned != 1 || !tc.readOnly && warned > 0 {
					t.Errorf("%q: %d warnings: %s", args, warned, stderr)
				}
			}
			d := p.examine()
			if want := map[bool]string{true: "ok ok warning", false: "ok ok"}[tc.readOnly]; strings.Join(d.findings["google login"], " ") != want {
				t.Errorf("doctor: %q, want %s", d.findings["google login"], want)
			}
			text, err := os.ReadFile(p.token)
			if saved := err == nil && !strings.Contains(string(text), "ya29.expired"); saved == tc.readOnly {
				t.Errorf("the file was written: %v, %v", saved, err)
			}
		})
	}
}
