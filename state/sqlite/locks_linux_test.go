package sqlite_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/gondola-sync/gondola/state/sqlite"
)

// TestOpenedTwiceInOneProcess: to open a file once more, and to close it, leaves the
// locks that the process has on it.
func TestOpenedTwiceInOneProcess(t *testing.T) {
	b, path := fresh(t)
	load(t, b, 0, 3)
	before := locksOn(t, path)
	if len(before) == 0 {
		t.Skip("the system does not list locks")
	}
	for _, o := range []sqlite.Options{{}, {Existing: true}} {
		again, err := sqlite.Open(t.Context(), path, o)
		must(t, err)
		wantEqual(t, "locks while it is open twice", before, locksOn(t, path))
		must(t, again.Close())
		wantEqual(t, "locks after it was closed once", before, locksOn(t, path))
	}
}

// locksOn returns the parts of a file that are locked.
func locksOn(t *testing.T, path string) (locks []string) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	list, err := os.Open("/proc/locks")
	if err != nil {
		t.Skip(err)
	}
	defer list.Close()
	inode := fmt.Sprintf(":%d", info.Sys().(*syscall.Stat_t).Ino)
	for lines := bufio.NewScanner(list); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 8 && strings.HasSuffix(fields[5], inode) {
			locks = append(locks, strings.Join(fields[1:], " "))
		}
	}
	return locks
}
