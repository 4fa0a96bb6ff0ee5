package doctor

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk needs the right to mount.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	if f := only(t, Writable(dir).Run(t.Context())); f.Level != OK {
		t.Errorf("with room for one file: %+v", f)
	}
	if f := Disk(dir).Run(t.Context())[0]; f.Level != Problem {
		t.Errorf("64 KiB of disk: %+v", f)
	}
	full, err := os.Create(filepath.Join(dir, "full"))
	if err != nil {
		t.Fatal(err)
	}
	full.Write(make([]byte, 1<<20)) // as much as there is room for
	full.Close()
	if f := only(t, Writable(dir).Run(t.Context())); f.Level != Problem {
		t.Errorf("a full disk: %+v", f)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the check left something on a full disk: %v (%v)", entries, err)
	}
}
