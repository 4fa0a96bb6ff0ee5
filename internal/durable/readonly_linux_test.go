package durable

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const readOnlyVar = "GONDOLA_DURABLE_READ_ONLY"

// A directory that this user may not write may hold a file that he may. Root
// may write everything and becomes another user for this.
func TestFileInReadOnlyDirectory(t *testing.T) {
	if path := os.Getenv(readOnlyVar); path != "" {
		if err := WriteFile(path, []byte("new")); err != nil {
			t.Error(err)
		}
		if err := WriteFile(path+"2", []byte("new")); err == nil {
			t.Error("a new file was made in a directory without the right")
		}
		return
	}
	dir, err := os.MkdirTemp("/tmp", "durable-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "token.json")
	put(t, path, "old and longer")
	binary := filepath.Join(dir, "test")
	self, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(binary, self, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^TestFileInReadOnlyDirectory$", "-test.v")
	cmd.Env = []string{readOnlyVar + "=" + path}
	cmd.Dir = dir
	if os.Getuid() == 0 {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Skip(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantFile(t, path, "new")
}
