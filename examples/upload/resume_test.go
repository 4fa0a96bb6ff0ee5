package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestInterruptAndResume(t *testing.T) {
	for _, extra := range [][]string{nil, {"-unknown-size"}, {"-checksum", "none"}, {"-checksum", "crc32c"}} {
		t.Run(strings.Join(extra, " "), func(t *testing.T) {
			t.Parallel()
			s := newStorage(t)
			path, data := file(t, 4*unit+9)
			state := filepath.Join(t.TempDir(), "state")
			args := append(append([]string{"-url", s.url + "/o?uploadType=resumable", chunk, "-state", state}, extra...), path)
			interrupt(t, s, state, args)
			got := runCommand(t, nil, args...)
			if got.exit != 0 || got.success.ResumedFrom != 2*unit || got.success.Bytes != int64(len(data)) || s.started != 1 {
				t.Errorf("exit %d: %s%s after %v", got.exit, got.stdout, got.stderr, s.requests())
			}
			if !bytes.Equal(s.object, data) {
				t.Errorf("server holds %d bytes that are not the %d", len(s.object), len(data))
			}
			if _, err := os.Stat(state); !os.IsNotExist(err) {
				t.Errorf("state file after success: %v", err)
			}
		})
	}
}

// interrupt runs the command and interrupts it when the third chunk arrives.
func interrupt(t *testing.T, s *storage, state string, args []string) {
	t.Helper()
	arrived, leave := make(chan struct{}), make(chan struct{})
	s.answerBy(func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 4 {
			close(arrived)
			<-leave
			panic(http.ErrAbortHandler)
		}
		return false
	})
	var stdout, stderr bytes.Buffer
	cmd := command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	close(leave)
	if got := read(t, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()); got.exit != 130 {
		t.Fatalf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
	info, err := os.Stat(state)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("state file: %v, %v", info, err)
	}
	s.answerBy(nil)
}

// TestInterruptedInput: a read of standard input that waits is given up.
func TestInterruptedInput(t *testing.T) {
	s := newStorage(t)
	started := make(chan struct{})
	s.answerBy(func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			close(started)
		}
		return false
	})
	in, out := io.Pipe()
	defer out.Close()
	cmd := command("-url", s.url, "-")
	cmd.Stdin = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-started
	_ = cmd.Process.Signal(syscall.SIGINT)
	in.Close()
	_ = cmd.Wait()
	if exit := cmd.ProcessState.ExitCode(); exit != 130 {
		t.Errorf("exit %d", exit)
	}
}

func TestResumeOfWhatIsNotThere(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*storage, string) []string // further arguments
		exit   int
		kind   string
	}{
		"another file": {func(_ *storage, path string) []string {
			data, _ := os.ReadFile(path)
			data[10]++
			os.WriteFile(path, data, 0o600)
			return nil
		}, 1, "input"},
		"a shorter file": {func(_ *storage, path string) []string { os.Truncate(path, 3*unit); return nil }, 1, "input"},
		"another URL":    {func(s *storage, _ string) []string { return []string{"-url", s.url + "/other"} }, 1, "input"},
		"lost session": {func(s *storage, _ string) []string {
			n := 0
			s.answerBy(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if n++; n == 1 {
					w.WriteHeader(410)
				}
				return n == 1
			})
			return nil
		}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStorage(t)
			path, _ := file(t, 4*unit)
			state := filepath.Join(t.TempDir(), "state")
			args := []string{"-url", s.url + "/o", chunk, "-state", state}
			interrupt(t, s, state, append(args, path))
			got := runCommand(t, nil, append(append(args, tc.change(s, path)...), path)...)
			if got.exit != tc.exit || got.problem.Kind != tc.kind || got.success.ResumedFrom != 0 {
				t.Errorf("exit %d: %s%s after %v", got.exit, got.stdout, got.stderr, s.requests())
			}
			if _, err := os.Stat(state); (err == nil) != (tc.exit == 1) {
				t.Errorf("state file: %v", err)
			}
		})
	}
}

// TestFinalAnswerFoundAfterRestart: an upload whose last answer was lost together
// with its process is found complete.
func TestFinalAnswerFoundAfterRestart(t *testing.T) {
	s := newStorage(t)
	path, data := file(t, 3*unit)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"-url", s.url + "/o", chunk, "-state", state, path}
	interrupt(t, s, state, args)
	s.answerBy(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		s.object = data
		s.answer(w)
		return true
	})
	if got := runCommand(t, nil, args...); got.exit != 0 || got.success.ResumedFrom != int64(len(data)) {
		t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
}
