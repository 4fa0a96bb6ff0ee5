package main

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newFolderSession(t *testing.T, pair string) *session {
	t.Helper()
	s, err := newSession(sessionOptions{binary: builtOnce(t), home: t.TempDir(), pair: pair, store: "sqlite", transfers: "auto", items: 30}, rand.New(rand.NewPCG(5, 1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	if err := os.Mkdir(s.ends.target, 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// mountOver mounts a file system over the target, or skips the test.
func mountOver(t *testing.T, s *session, source, kind string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount(source, s.ends.target, kind, flags, options); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(s.ends.target, syscall.MNT_DETACH) })
}

// wantFault runs the command and checks how it ends: with a fault of the session and a
// hint, and no file that is not whole.
func wantFault(t *testing.T, s *session, l life, code int, kind, reason string) {
	t.Helper()
	if l.code != code || l.summary == nil || l.summary.Error == nil {
		t.Fatalf("exit code %d, want %d; summary %+v\n%s", l.code, code, l.summary, l.stderr)
	}
	e := l.summary.Error
	if e.Class != "session" || e.Code != kind || e.Hint == "" || !regexp.MustCompile(reason).MatchString(e.Message) {
		t.Errorf("%+v, want %s: %s", *e, kind, reason)
	}
	if _, err := s.sound(); err != nil {
		t.Error(err)
	}
}

// TestFullFolder gives a folder a little more room after each run that has used it up.
func TestFullFolder(t *testing.T) {
	t.Parallel()
	s := newFolderSession(t, goproToFolder)
	mountOver(t, s, "tmpfs", "tmpfs", 0, "size=64k")
	var held []int
	for _, room := range []string{"size=64k", "size=1m", "size=8m"} {
		if err := syscall.Mount("tmpfs", s.ends.target, "tmpfs", syscall.MS_REMOUNT, room); err != nil {
			t.Fatal(err)
		}
		l, err := s.live(t.Context(), nil, s.args...)
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, s, l, 5, "storage_full", "no space left on device")
		there, err := s.ends.held()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, len(there))
		if err := s.ends.files(ignore, func(path string, info fs.FileInfo) error {
			if strings.HasSuffix(path, ".part") && !strings.Contains(path, "-") { // not whole
				t.Errorf("%d bytes are left in %s", info.Size(), path)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.IsSorted(held) || held[2] < 10 {
		t.Errorf("after each run, %v files were there", held)
	}
	if err := syscall.Mount("tmpfs", s.ends.target, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
		t.Fatal(err)
	}
	wantHealed(t, s)
}

// TestFailingFolder lets system calls fail on the files of a folder, each of a kind
// after some that succeed: nothing half-written gets a name, and the same command goes
// on when the disk works again.
func TestFailingFolder(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]failingCalls{
		"write":            {unix.SYS_WRITE, ".gondola/partial", 7},
		"sync":             {unix.SYS_FSYNC, ".gondola/partial", 4},
		"close":            {unix.SYS_CLOSE, ".gondola/partial", 9},
		"rename":           {unix.SYS_RENAMEAT, ".gondola/partial", 3},
		"name":             {unix.SYS_RENAMEAT2, ".gondola/partial", 0},
		"sync a directory": {unix.SYS_FSYNC, "2025", 0},
		"manifest":         {unix.SYS_PWRITE64, ".gondola/manifest.jsonl", 0},
		"sync a manifest":  {unix.SYS_FSYNC, ".gondola/manifest.jsonl", 0},
		"sync sums":        {unix.SYS_FSYNC, ".gondola/SHA256SUMS", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.test(t, newFolderSession(t, folderToFolder))
		})
	}
}

// failingCalls are the system calls of a kind that fail.
type failingCalls struct {
	call  uint32
	below string // the target: on which files
	after int    // calls that succeed
}

func (f failingCalls) test(t *testing.T, s *session) {
	l := liveFailing(t, s, filepath.Join(s.ends.target, f.below), f.after, false, f.call)
	wantFault(t, s, l, 1, "unreachable", "input/output error")
	wantHealed(t, s)
}

// TestFolderIsDurableInOrder watches the system calls of a run: a file is synced before it
// gets its name, its name before a line says so, and that line before the sums say so.
func TestFolderIsDurableInOrder(t *testing.T) {
	t.Parallel()
	s := newFolderSession(t, folderToFolder)
	var o order
	g := &gate{dir: s.ends.target, calls: []uint32{unix.SYS_FSYNC, unix.SYS_RENAMEAT2, unix.SYS_PWRITE64}}
	g.sees = func(call uint32, path string) {
		name, _ := filepath.Rel(s.ends.target, path)
		o.see(t, call, name)
	}
	l, err := g.live(t.Context(), s.machine, s.args...)
	if err != nil {
		skipWithoutGate(t, err)
	}
	if err := s.prove(t.Context(), l); err != nil {
		t.Error(err)
	}
	if o.named != len(s.want) || o.unlisted || o.unsynced[manifestName] || o.unsynced[sumsName] {
		t.Errorf("at the end %+v, of %d files", o, len(s.want))
	}
}

const manifestName, sumsName = ".gondola/manifest.jsonl", ".gondola/SHA256SUMS"

// order is how far a folder is.
type order struct {
	synced   int             // files without a name
	named    int             // files with one
	unlisted bool            // names that are not durable
	unsynced map[string]bool // lists
}

func (o *order) see(t *testing.T, call uint32, name string) {
	if o.unsynced == nil {
		o.unsynced = map[string]bool{}
	}
	switch {
	case call == unix.SYS_FSYNC && strings.HasSuffix(name, ".part"):
		o.synced++
	case call == unix.SYS_FSYNC && !strings.HasPrefix(name, ownDir):
		o.unlisted = false
	case call == unix.SYS_FSYNC:
		delete(o.unsynced, name)
	case call == unix.SYS_RENAMEAT2:
		if o.named++; o.named > o.synced {
			t.Errorf("file %d gets its name, %d are synced", o.named, o.synced)
		}
		o.unlisted = true
	case name == manifestName || name == sumsName:
		if o.unlisted || name == sumsName && o.unsynced[manifestName] {
			t.Errorf("%s is written too early: %+v", name, o)
		}
		o.unsynced[name] = true
	}
}

// TestReadOnlyFolder carries into a file system that cannot be written.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	s := newFolderSession(t, goproToFolder)
	mountOver(t, s, "tmpfs", "tmpfs", syscall.MS_RDONLY, "size=200m")
	l, err := s.live(t.Context(), nil, s.args...)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, s, l, 1, "unreachable", "read-only file system")
	if err := syscall.Mount("tmpfs", s.ends.target, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
		t.Fatal(err)
	}
	wantHealed(t, s)
}

// TestFolderIsUnmounted takes the disk of a folder away while it is carried into. Its
// empty mount point is not written to, then or later, whatever the session.
func TestFolderIsUnmounted(t *testing.T) {
	t.Parallel()
	s := newFolderSession(t, folderToFolder)
	disk := filepath.Join(s.home, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	mountOver(t, s, disk, "", syscall.MS_BIND, "")
	unmounted := make(chan error, 1)
	go func() {
		for s.progress("files") < 4 {
			time.Sleep(time.Millisecond) // the moment is what is tested
		}
		unmounted <- syscall.Unmount(s.ends.target, syscall.MNT_DETACH)
	}()
	l, err := s.live(t.Context(), nil, append(slices.Clone(s.args), "--bwlimit", "8M")...)
	if err := <-unmounted; err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, s, l, 1, "unreachable", "it is no longer there")
	for _, args := range [][]string{s.args, {"sync", "--json", s.ends.source, s.ends.target}, {"sync", "--json", s.ends.source, s.ends.target, "--type", "photo"}} {
		l, err := s.live(t.Context(), nil, args...)
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, s, l, 1, "state", "another folder:")
		if entries, err := os.ReadDir(s.ends.target); err != nil || len(entries) > 0 {
			t.Errorf("%v: the mount point holds %v, %v", args, entries, err)
		}
	}
	mountOver(t, s, disk, "", syscall.MS_BIND, "")
	wantHealed(t, s)
}
