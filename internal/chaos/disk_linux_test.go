package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// newDiskSession returns a session in an empty home.
func newDiskSession(t *testing.T, store string, seed uint64) *session {
	t.Helper()
	s, err := newSession(sessionOptions{binary: builtOnce(t), home: t.TempDir(), store: store, transfers: "auto", items: 40, pair: goproToGoogle}, rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// wantStateFault checks that a run which could not store its state said so, and
// why: reason is a regular expression.
func wantStateFault(t *testing.T, when string, l life, reason string) {
	t.Helper()
	if l.code != 1 || l.summary == nil || l.summary.Error == nil {
		t.Fatalf("%s: exit code %d, summary %+v\n%s", when, l.code, l.summary, l.stderr)
	}
	if e := l.summary.Error; e.Class != "session" || e.Code != "state" || !regexp.MustCompile(reason).MatchString(e.Message) {
		t.Errorf("%s: %+v, want a state fault: %s", when, *e, reason)
	}
	if !regexp.MustCompile(reason).MatchString(l.stderr) {
		t.Errorf("%s: people are told %q, want %q in it", when, l.stderr, reason)
	}
}

// wantHealed runs the same command on a disk that works again.
func wantHealed(t *testing.T, s *session) {
	t.Helper()
	l, err := s.live(t.Context(), nil, s.args...)
	if err == nil {
		err = s.prove(t.Context(), l)
	}
	if err == nil {
		err = s.repeat(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
}

// TestFullDisk gives the state directory a little more room after each run that
// has used it up, until there is enough.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("jsondir", func(t *testing.T) {
		t.Parallel()
		fillDisk(t, newDiskSession(t, "jsondir", 1), "no space left on device", 16*kib, 28*kib, 60*kib, 100*kib, 140*kib)
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fillDisk(t, newDiskSession(t, "sqlite", 1), "no space left on device", 16*kib, 60*kib, 140*kib, 200*kib, 240*kib)
	})
}

func fillDisk(t *testing.T, s *session, reason string, rooms ...int) {
	t.Helper()
	if err := os.Mkdir(s.stateDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	run := runOnTmpfs
	if err := mountTmpfs(s.stateDir(), 0, 16*kib); err != nil {
		t.Logf("no file system can be mounted here (%v); instead, the kernel is made to fail writes as on a full disk", err)
		run = runOutOfSpace
	} else {
		t.Cleanup(func() { syscall.Unmount(s.stateDir(), syscall.MNT_DETACH) })
	}
	for _, room := range rooms {
		l, err := run(t, s, room)
		if err != nil {
			t.Fatal(err)
		}
		wantStateFault(t, fmt.Sprintf("with room for %d bytes", room), l, reason)
		if l.summary.Error.Hint == "" {
			t.Error("nothing says what to do")
		}
	}
	mountTmpfs(s.stateDir(), syscall.MS_REMOUNT, 64*mib) // fails where nothing is mounted
	wantHealed(t, s)
}

func mountTmpfs(dir string, flags uintptr, size int) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%d,mode=0700", size))
}

func runOnTmpfs(t *testing.T, s *session, room int) (life, error) {
	if err := mountTmpfs(s.stateDir(), syscall.MS_REMOUNT, room); err != nil {
		return life{}, err
	}
	return s.live(t.Context(), nil, s.args...)
}

// runOutOfSpace lets writes below the state directory fail after so many bytes.
func runOutOfSpace(t *testing.T, s *session, room int) (life, error) {
	left := int64(room)
	g := &gate{dir: s.stateDir(), calls: []uint32{unix.SYS_WRITE, unix.SYS_PWRITE64}, failed: func() {}}
	g.fails = func(size uint64) syscall.Errno {
		if left -= int64(size); left < 0 {
			return syscall.ENOSPC
		}
		return 0
	}
	return g.live(t.Context(), s.machine, s.args...)
}

// TestFullDiskWithoutMount takes the way of those who cannot mount.
func TestFullDiskWithoutMount(t *testing.T) {
	t.Parallel()
	s := newDiskSession(t, "jsondir", 2)
	for _, room := range []int{0, 700, 9 * kib, 30 * kib} {
		l, err := runOutOfSpace(t, s, room)
		if err != nil {
			skipWithoutGate(t, err)
		}
		wantStateFault(t, fmt.Sprintf("with room for %d bytes", room), l, "no space left on device")
	}
	wantHealed(t, s)
}

func skipWithoutGate(t *testing.T, err error) {
	t.Helper()
	if strings.HasPrefix(err.Error(), "gate:") {
		t.Skipf("this kernel lets no process stand between a command and its system calls: %v", err)
	}
	t.Fatal(err)
}

// liveFailing runs a session whose system calls on the files of a directory fail after
// so many of them, the next one or all, and returns how it ended.
func liveFailing(t *testing.T, s *session, dir string, after int, once bool, calls ...uint32) life {
	t.Helper()
	seen, hit := 0, 0
	g := &gate{dir: dir, calls: calls, failed: func() { hit++ }}
	g.fails = func(uint64) syscall.Errno {
		if seen++; seen > after && (hit == 0 || !once) {
			return syscall.EIO
		}
		return 0
	}
	l, err := g.live(t.Context(), s.machine, s.args...)
	if err != nil {
		skipWithoutGate(t, err)
	}
	if hit == 0 {
		t.Fatalf("only %d calls, so that none failed", seen)
	}
	return l
}

// failingSyncs are disks that refuse to make things durable: once, or from some
// moment on.
type failingSyncs struct {
	after int // syncs that succeed
	once  bool
}

func TestFailingSync(t *testing.T) {
	t.Parallel()
	t.Run("jsondir", func(t *testing.T) {
		t.Parallel()
		failSyncs(t, newDiskSession(t, "jsondir", 3), "input/output error",
			failingSyncs{0, false}, failingSyncs{1, true}, failingSyncs{3, true}, failingSyncs{6, false},
			failingSyncs{11, true}, failingSyncs{19, false}, failingSyncs{23, true}, failingSyncs{40, true})
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		failSyncs(t, newDiskSession(t, "sqlite", 3), "(disk I/O|input/output) error",
			failingSyncs{0, false}, failingSyncs{4, true}, failingSyncs{9, false}, failingSyncs{20, true})
	})
}

func failSyncs(t *testing.T, s *session, reason string, rows ...failingSyncs) {
	t.Helper()
	for _, row := range rows {
		l := liveFailing(t, s, s.stateDir(), row.after, row.once, unix.SYS_FSYNC, unix.SYS_FDATASYNC)
		wantStateFault(t, fmt.Sprintf("%+v", row), l, reason)
	}
	wantHealed(t, s)
}
