package rig

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/internal/summary"
)

// Line is one emulated GoPro cloud, one emulated Google Photos, and a machine
// with its own home and state between them.
type Line struct {
	T      *testing.T
	Cloud  *emulator.Emulator
	Server *emulator.Server
	Home   string
	Env    []string // of commands; later values win
	Under  []string // a command that runs gondola, with its arguments; nil for none
}

// New returns a line that is up until the test is over. Its sessions are kept in
// a directory, unless env, a list of NAME=VALUE, says otherwise.
func New(t *testing.T, o emulator.Options, env ...string) *Line {
	t.Helper()
	if _, err := Binary(); err != nil {
		t.Fatal(err)
	}
	cloud, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cloud.Close() })
	server, err := cloud.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{T: t, Cloud: cloud, Server: server, Home: t.TempDir()}
	if l.Env, err = cloud.Environ(l.Home); err != nil {
		t.Fatal(err)
	}
	l.Env = append(l.Env, "HOME="+l.Home, "PATH="+os.Getenv("PATH"), "TMPDIR="+l.Home, "GONDOLA_STATE=jsondir:"+l.StateDir(),
		"PGCONNECT_TIMEOUT=60") // a busy machine is not an outage
	l.Env = append(l.Env, env...)
	return l
}

// StateDir is the directory of sessions, unless env has named another store.
func (l *Line) StateDir() string { return filepath.Join(l.Home, "sessions") }

// Command returns a gondola command that has not been started.
func (l *Line) Command(ctx context.Context, args ...string) *exec.Cmd {
	l.T.Helper()
	binary, err := Binary()
	if err != nil {
		l.T.Fatal(err)
	}
	words := slices.Concat(l.Under, []string{binary}, args)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = l.Home
	cmd.Env = append(slices.Clone(l.Env), "GP_ACCESS_TOKEN="+l.Cloud.GoPro.Token())
	return cmd
}

// Result is one finished command.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// longest is how long one command may take.
const longest = 4 * time.Minute

// Gondola runs a command to its end.
func (l *Line) Gondola(args ...string) Result {
	l.T.Helper()
	ctx, cancel := context.WithTimeout(l.T.Context(), longest)
	defer cancel()
	cmd := l.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		l.T.Fatalf("gondola %s: %v", strings.Join(args, " "), err)
	}
	r := Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	for _, trace := range []string{"panic:", "goroutine "} {
		if strings.Contains(r.Stderr, trace) {
			l.T.Errorf("gondola %s shows a stack trace:\n%s", strings.Join(args, " "), r.Stderr)
		}
	}
	return r
}

// Want runs a command and fails the test unless it ends with this exit code.
func (l *Line) Want(code int, args ...string) Result {
	l.T.Helper()
	r := l.Gondola(args...)
	if r.Code != code {
		l.T.Errorf("gondola %s: exit code %d, want %d\n%s", strings.Join(args, " "), r.Code, code, r.Stderr)
	}
	return r
}

// Sync runs a sync to its end, whatever it is.
func (l *Line) Sync(args ...string) (summary.Line, Result) {
	l.T.Helper()
	r := l.Gondola(append([]string{"sync", "--json"}, args...)...)
	return l.summary(r), r
}

// summary checks and decodes the JSON output of a sync.
func (l *Line) summary(r Result) summary.Line {
	l.T.Helper()
	s, err := summary.Read([]byte(r.Stdout))
	if err != nil {
		l.T.Fatalf("%v\nstderr: %s", err, r.Stderr)
	}
	if s.ExitCode != r.Code {
		l.T.Errorf("exit code %d, the summary says %d\nstderr: %s", r.Code, s.ExitCode, r.Stderr)
	}
	return s
}

// SyncUntilDone runs the same command, at most so often, until it says that
// everything is there.
func (l *Line) SyncUntilDone(most int, args ...string) (last summary.Line) {
	l.T.Helper()
	var r Result
	for range most {
		if last, r = l.Sync(args...); r.Code == 0 {
			return last
		}
	}
	l.T.Errorf("after %d runs: exit code %d, %+v\nstderr: %s", most, r.Code, last, r.Stderr)
	return last
}

// Running is a sync that has been started.
type Running struct {
	l              *Line
	process        *crash.Process
	stdout, stderr Buffer
}

// Start starts a sync.
func (l *Line) Start(args ...string) *Running {
	l.T.Helper()
	return l.start(l.Command(l.T.Context(), append([]string{"sync", "--json"}, args...)...))
}

// StartNohup starts a sync that ignores SIGHUP from the beginning, as nohup has
// it.
func (l *Line) StartNohup(args ...string) *Running {
	l.T.Helper()
	cmd := l.Command(l.T.Context(), append([]string{"sync", "--json"}, args...)...)
	cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	return l.start(cmd)
}

func (l *Line) start(cmd *exec.Cmd) *Running {
	l.T.Helper()
	r := &Running{l: l}
	cmd.Stdout, cmd.Stderr = &r.stdout, &r.stderr
	var err error
	if r.process, err = crash.Start(cmd); err != nil {
		l.T.Fatal(err)
	}
	return r
}

// PID is the process.
func (r *Running) PID() int { return r.process.PID() }

// Said reports whether the command has written a text by now.
func (r *Running) Said(text string) bool {
	return strings.Contains(r.stdout.String(), text) || strings.Contains(r.stderr.String(), text)
}

// Await waits until the condition holds. The test fails if the command ends
// before.
func (r *Running) Await(condition func() bool) {
	r.l.T.Helper()
	if err := r.process.Await(r.l.T.Context(), longest, condition); err != nil {
		r.l.T.Fatalf("%v\n%s", err, r.stderr.String())
	}
}

// Kill ends the command without warning.
func (r *Running) Kill() { r.process.Kill() }

// Interrupt asks the command to stop and returns how it did, and how long that
// took.
func (r *Running) Interrupt() (summary.Line, Result, time.Duration) {
	r.l.T.Helper()
	return r.Signal(syscall.SIGINT)
}

// Signal is [Running.Interrupt] with another signal.
func (r *Running) Signal(s os.Signal) (summary.Line, Result, time.Duration) {
	r.l.T.Helper()
	asked := time.Now()
	_ = r.process.Process.Signal(s) // it may have ended
	last, result := r.Wait()
	return last, result, time.Since(asked)
}

// Wait waits for the end of the command.
func (r *Running) Wait() (summary.Line, Result) {
	r.l.T.Helper()
	if err := r.process.Await(r.l.T.Context(), longest, nil); err != nil {
		r.l.T.Fatalf("%v\n%s", err, r.stderr.String())
	}
	result := Result{r.process.ProcessState.ExitCode(), r.stdout.String(), r.stderr.String()}
	return r.l.summary(result), result
}

// KillWhen starts a sync and kills it without warning once the condition holds.
func (l *Line) KillWhen(condition func() bool, args ...string) {
	l.T.Helper()
	r := l.Start(args...)
	r.Await(condition)
	r.Kill()
}

// Received returns how many bytes of unfinished uploads the library holds.
func (l *Line) Received() (sum int64) {
	for _, u := range l.Cloud.Google.Uploads() {
		sum += u.Received
	}
	return sum
}

// Settled returns what the library holds once it has taken all that was in the
// sockets and has noticed that the sender is gone.
func (l *Line) Settled() int64 {
	l.T.Helper()
	ctx, cancel := context.WithTimeout(l.T.Context(), longest)
	defer cancel()
	if err := l.Server.Settle(ctx); err != nil {
		l.T.Fatal(err)
	}
	return l.Received()
}

// Sent counts the files that were sent since the log was cleared, and clears it.
func (l *Line) Sent() int {
	n := l.Cloud.Log.Count("upload.*")
	l.Cloud.Log.Clear()
	return n
}

// WantArrived fails unless the library holds every file that a mover has to
// carry, once and byte for byte, and nothing else.
func (l *Line) WantArrived() {
	l.T.Helper()
	if err := l.Cloud.Arrivals().Err(); err != nil {
		l.T.Error(err)
	}
	for _, leak := range l.Cloud.Log.Leaks() {
		l.T.Errorf("a credential was sent to %s %s", leak.Host, leak.Path)
	}
}
