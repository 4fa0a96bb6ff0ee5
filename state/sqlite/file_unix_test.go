//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gondola-sync/gondola/state/sqlite"
)

// TestModes: whatever the umask, nobody else reads what is stored.
func TestModes(t *testing.T) {
	for _, umask := range []int{0, 0o777} {
		path := filepath.Join(t.TempDir(), "dir", "gondola.db")
		must(t, os.Mkdir(filepath.Dir(path), 0o700)) // under the last umask it could not be entered
		old := syscall.Umask(umask)
		b := open(t, path)
		load(t, b, 0, 1)
		syscall.Umask(old)
		wantModes(t, path)
		must(t, b.Close())
	}
	path := filepath.Join(t.TempDir(), "gondola.db")
	open(t, path).Close()
	must(t, os.Chmod(path, 0o644))
	b := open(t, path)
	defer b.Close()
	load(t, b, 0, 1)
	wantModes(t, path)
}

func wantModes(t *testing.T, path string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", path+suffix, info.Mode(), err)
		}
	}
}

// TestPipe: a pipe is refused, instead of waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	if b, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil {
		t.Errorf("Open = %v", b)
	}
}
