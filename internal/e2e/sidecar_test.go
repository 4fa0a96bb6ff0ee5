package e2e

import (
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// sidecars returns the paths of the XMP sidecars below a directory.
func (l *line) sidecars(dir string) (paths []string) {
	l.T.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) { // not made yet, or removed meanwhile
			return nil
		}
		if err == nil && filepath.Ext(path) == ".xmp" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		l.T.Fatal(err)
	}
	return paths
}

// wantWhole fails unless each sidecar is a whole document beside a file.
func (l *line) wantWhole(dir string) {
	l.T.Helper()
	for _, path := range l.sidecars(dir) {
		f, err := os.Open(path)
		if err != nil {
			l.T.Fatal(err)
		}
		decoder := xml.NewDecoder(f)
		for err == nil {
			_, err = decoder.Token()
		}
		f.Close()
		if err != io.EOF || decoder.InputOffset() == 0 {
			l.T.Errorf("%s is not whole: %v", path, err)
		}
		if _, err := os.Stat(strings.TrimSuffix(path, ".xmp")); err != nil {
			l.T.Error(err)
		}
	}
}

// TestSidecarsAreWholeAfterKills kills the command while it writes sidecars: each one
// that is there is whole, and in the end each file has one.
func TestSidecarsAreWholeAfterKills(t *testing.T) {
	t.Parallel()
	const files = 120
	l := newLine(t, emulator.Options{Library: emulator.Many(files, 1)})
	dir := filepath.Join(l.Home, "photos")
	args := []string{"gopro:", dir, "--sidecar", "xmp", "--batch-size", "3"}
	for least := 3; least < files; least += 12 {
		l.KillWhen(func() bool { return len(l.sidecars(dir)) >= least }, args...)
		l.wantWhole(dir)
	}
	if s := l.SyncUntilDone(1, args...); s.Items.Total != files {
		t.Errorf("%+v", s.Items)
	}
	l.wantWhole(dir)
	if n := len(l.sidecars(dir)); n != files {
		t.Errorf("%d sidecars, want %d", n, files)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".gondola", "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %q, %v", left, err)
	}
	l.Want(0, "verify", dir, "--deep")
}
