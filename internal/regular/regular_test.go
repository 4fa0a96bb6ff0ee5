package regular_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/internal/regular"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("12345678"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := regular.Read(path, 8); err != nil || string(got) != "12345678" {
		t.Errorf("Read at the limit = %q, %v", got, err)
	}
	if got, err := regular.Read(path, 7); got != nil || !errors.Is(err, regular.ErrTooLarge) {
		t.Errorf("Read beyond the limit = %q, %v, want ErrTooLarge", got, err)
	}
	if _, err := regular.Read(filepath.Join(dir, "none"), 8); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of a missing file = %v, want ErrNotExist", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if got, err := regular.Read(link, 8); err != nil || string(got) != "12345678" {
		t.Errorf("Read through a link = %q, %v", got, err)
	}
}

// special makes one of everything that is not a regular file.
func special(t *testing.T, dir string) map[string]string {
	t.Helper()
	made := map[string]string{"directory": "sub", "FIFO": "fifo", "socket": "socket", "device": "device"}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, filepath.Join(dir, "fifo"))
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "device")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Logf("no socket: %v", err) // the path may be too long for one
		delete(made, "socket")
		return made
	}
	t.Cleanup(func() { l.Close() })
	return made
}

func TestNotRegular(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no FIFOs and device files")
	}
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for kind, name := range special(t, dir) {
		_, err := regular.Open(filepath.Join(dir, name))
		if !errors.Is(err, regular.ErrNotRegular) || !strings.Contains(err.Error(), kind) {
			t.Errorf("Open of a %s = %v, want ErrNotRegular", kind, err)
		}
		if kind == "device" {
			continue // a link out of the root
		}
		if _, err := regular.OpenIn(root, name); err == nil || kind != "socket" && !errors.Is(err, regular.ErrNotRegular) {
			t.Errorf("OpenIn of a %s = %v, want ErrNotRegular", kind, err)
		}
	}
	if _, err := regular.OpenIn(root, "device"); err == nil {
		t.Error("OpenIn follows a link out of the root")
	}
}
