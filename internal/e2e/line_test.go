package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gondola-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "gondola")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/gondola")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		return 1
	}
	return m.Run()
}

// line is one emulated GoPro cloud, one emulated Google Photos, and a machine
// with its own home and state between them.
type line struct {
	t      *testing.T
	cloud  *emulator.Emulator
	server *emulator.Server
	home   string
	env    []string
}

func newLine(t *testing.T, o emulator.Options) *line {
	t.Helper()
	cloud, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cloud.Close() })
	server, err := cloud.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, cloud: cloud, server: server, home: t.TempDir()}
	credentials, token, err := cloud.WriteCredentials(l.home)
	if err != nil {
		t.Fatal(err)
	}
	l.env = []string{
		"HOME=" + l.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + l.home,
		"GONDOLA_STATE_DIR=" + l.stateDir(),
		"GONDOLA_CREDENTIALS=" + credentials, "GONDOLA_TOKEN=" + token,
		"GONDOLA_GOPRO_URL=" + server.GoProURL, "GONDOLA_GPHOTOS_URL=" + server.PhotosURL,
	}
	return l
}

func (l *line) stateDir() string { return filepath.Join(l.home, "sessions") }

func (l *line) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = l.home
	cmd.Env = append(slices.Clone(l.env), "GP_ACCESS_TOKEN="+l.cloud.GoPro.Token())
	return cmd
}

// result is one finished command.
type result struct {
	code           int
	stdout, stderr string
}

func (l *line) gondola(args ...string) result {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 4*time.Minute)
	defer cancel()
	cmd := l.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		l.t.Fatalf("gondola %s: %v", strings.Join(args, " "), err)
	}
	r := result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	for _, trace := range []string{"panic:", "goroutine "} {
		if strings.Contains(r.stderr, trace) {
			l.t.Errorf("gondola %s shows a stack trace:\n%s", strings.Join(args, " "), r.stderr)
		}
	}
	return r
}

// summary is the last line of a sync's JSON output.
type summary struct {
	Type      string
	SessionID string `json:"session_id"`
	Outcome   string
	ExitCode  int `json:"exit_code"`
	Items     struct {
		Total, Created, Skipped, Failed, Pending int
		AlreadyThere                             int `json:"already_there"`
	}
	Bytes    struct{ Downloaded, Uploaded, Resent int64 }
	Requests map[string]int64
}

func (l *line) sync(args ...string) (summary, result) {
	l.t.Helper()
	r := l.gondola(append([]string{"sync", "--json"}, args...)...)
	var s summary
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	for _, text := range lines {
		if !json.Valid([]byte(text)) {
			l.t.Fatalf("stdout carries something other than JSON lines: %q\nstderr: %s", text, r.stderr)
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		l.t.Fatalf("last line %s: %v", lines[len(lines)-1], err)
	}
	if s.Type != "summary" || s.ExitCode != r.code {
		l.t.Errorf("exit code %d, last line %s\nstderr: %s", r.code, lines[len(lines)-1], r.stderr)
	}
	return s, r
}

// syncUntilDone runs the same command until it says that everything is there.
func (l *line) syncUntilDone(most int, args ...string) (last summary) {
	l.t.Helper()
	var r result
	for range most {
		if last, r = l.sync(args...); r.code == 0 {
			return last
		}
	}
	l.t.Errorf("after %d runs: exit code %d, %+v\nstderr: %s", most, r.code, last, r.stderr)
	return last
}

// killWhen starts a sync and kills it without warning once the condition holds.
func (l *line) killWhen(condition func() bool, args ...string) {
	l.t.Helper()
	cmd := l.command(l.t.Context(), append([]string{"sync", "--json"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	deadline := time.After(4 * time.Minute)
	for !condition() {
		select {
		case err := <-exited:
			l.t.Fatalf("ended before it could be killed: %v\n%s", err, stderr.String())
		case <-deadline:
			l.t.Fatal("four minutes went by and nothing to kill for")
		case <-time.After(2 * time.Millisecond):
		}
	}
	cmd.Process.Signal(syscall.SIGKILL)
	<-exited
}

// wantArrived fails unless the library holds every file that a mover has to
// carry, once and byte for byte, and nothing else.
func (l *line) wantArrived() {
	l.t.Helper()
	want := map[string]string{} // digest to a name for it
	for _, e := range l.cloud.GoPro.Expected() {
		if !e.Refused {
			want[e.SHA256] = fmt.Sprintf("%s part %d (%s)", e.Medium, e.Part, e.Name)
		}
	}
	got := map[string]int{}
	for _, item := range l.cloud.Google.Items() {
		got[item.SHA256]++
		if _, expected := want[item.SHA256]; !expected {
			l.t.Errorf("%s (%d bytes) lies in the library and should not", item.Filename, item.Size)
		}
	}
	for sum, name := range want {
		if got[sum] != 1 {
			l.t.Errorf("%s lies in the library %d times, want once", name, got[sum])
		}
	}
	for _, leak := range l.cloud.Log.Leaks() {
		l.t.Errorf("a credential was sent to %s %s", leak.Host, leak.Path)
	}
}
