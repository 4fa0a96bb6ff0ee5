package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gate stands between the command and the kernel: it sees certain system calls
// on files below a directory and may let them fail. The kernel (seccomp) asks it
// about each, so the command is the real one and needs no privileges.
type gate struct {
	dir   string
	calls []uint32 // system call numbers; the first argument is the file
	// fails returns the error for a call with that third argument, or 0. failed
	// tells whether the error was delivered.
	fails  func(size uint64) syscall.Errno
	failed func()
	// sees, if not nil, is called for each call before it is decided.
	sees func(call uint32, path string)
}

// gateEnv makes the test binary a gate's doorman: it installs the filter, hands
// its listener over and becomes the command in its arguments.
const gateEnv = "CHAOS_GATE"

func TestMain(m *testing.M) {
	if calls := os.Getenv(gateEnv); calls != "" {
		fmt.Fprintln(os.Stderr, "gate:", becomeGated(calls, os.Args[1:]))
		os.Exit(gateBroken)
	}
	os.Exit(runTests(m))
}

// gateBroken is the exit code of a doorman that could not do its work.
const gateBroken = 99

func becomeGated(calls string, args []string) error {
	runtime.LockOSThread() // the filter is this thread's, and survives exec
	listener, err := installFilter(calls)
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over the listener: %w", err)
	}
	unix.Close(3)
	os.Unsetenv(gateEnv)
	return syscall.Exec(args[0], args, os.Environ())
}

// installFilter has the kernel ask a listener about the calls, given as numbers
// with blanks between.
func installFilter(calls string) (listener int, err error) {
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the call's number
	for word := range strings.FieldsSeq(calls) {
		var number uint32
		if _, err := fmt.Sscan(word, &number); err != nil {
			return 0, err
		}
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("give up privileges: %w", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return 0, fmt.Errorf("install the filter: %w", errno)
	}
	return int(fd), nil
}

// live runs the command behind the gate, as machine.live does without.
func (g *gate) live(ctx context.Context, m *machine, args ...string) (life, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return life{}, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "gate"), os.NewFile(uintptr(pair[1]), "doorman")
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return life{}, err
	}
	defer conn.Close()
	cmd := exec.Command(os.Args[0], append([]string{m.binary}, args...)...)
	cmd.Dir, cmd.ExtraFiles = m.home, []*os.File{theirs}
	cmd.Env = append(m.env, gateEnv+"="+strings.Trim(fmt.Sprint(g.calls), "[]"))
	served := make(chan error, 1)
	go func() { served <- g.serve(conn.(*net.UnixConn)) }()
	l, err := watch(ctx, cmd, nil)
	if l.code == gateBroken {
		return l, errors.New(l.stderr)
	}
	return l, errors.Join(err, <-served)
}

// serve answers the kernel until the last process behind the gate has ended.
func (g *gate) serve(conn *net.UnixConn) error {
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	room := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), room)
	if err != nil {
		return fmt.Errorf("no listener came: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(room[:n])
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("no listener came: %w", err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	defer unix.Close(fds[0])
	for {
		ready := []unix.PollFd{{Fd: int32(fds[0]), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			if ready[0].Revents != 0 {
				return nil // no process is behind the gate any more
			}
			continue
		}
		g.answer(fds[0])
	}
}

// question and answer are struct seccomp_notif and seccomp_notif_resp.
type question struct {
	id         uint64
	pid, flags uint32
	call       int32
	arch       uint32
	at         uint64
	args       [6]uint64
}

type answer struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

// answer decides one call. A caller that has been interrupted or killed
// meanwhile is no longer there to hear it.
func (g *gate) answer(listener int) {
	var q question
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&q))); errno != 0 {
		return
	}
	a := answer{id: q.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", q.pid, int32(q.args[0])))
	failing := false
	if strings.HasPrefix(path, g.dir) && g.sees != nil {
		g.sees(uint32(q.call), path)
	}
	if strings.HasPrefix(path, g.dir) && g.fails != nil {
		if errno := g.fails(q.args[2]); errno != 0 {
			failing, a.flags, a.err = true, 0, -int32(errno)
		}
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a)))
	if failing && errno == 0 {
		g.failed()
	}
}
