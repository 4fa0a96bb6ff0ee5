package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain runs the command itself in the processes that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("UPLOAD_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

const (
	unit  = 256 << 10
	chunk = "-chunk=262144"
)

func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "UPLOAD_TEST_COMMAND=1")
	return cmd
}

// outcome is what a run of the command left.
type outcome struct {
	exit           int
	stdout, stderr string
	success        success
	problem        problem
}

// runCommand runs the command in this process.
func runCommand(t *testing.T, stdin io.Reader, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit := run(args, stdin, &stdout, &stderr)
	return read(t, exit, stdout.String(), stderr.String())
}

// TestProcess: the process ends with what run returns.
func TestProcess(t *testing.T) {
	s := newStorage(t)
	path, data := file(t, 5)
	for exit, args := range map[int][]string{
		0: {"-url", s.url, path},
		1: {"-url", s.url, "-chunk", "1", path},
		2: {"-url", s.url},
	} {
		cmd := command(args...)
		stdout, _ := cmd.Output()
		read(t, cmd.ProcessState.ExitCode(), string(stdout), "")
		if got := cmd.ProcessState.ExitCode(); got != exit {
			t.Errorf("%q: exit %d, want %d", args, got, exit)
		}
	}
	if !bytes.Equal(s.object, data) {
		t.Error("nothing was uploaded")
	}
}

// read decodes the one line that a run printed.
func read(t *testing.T, exit int, stdout, stderr string) outcome {
	t.Helper()
	o := outcome{exit: exit, stdout: stdout, stderr: stderr}
	var line struct {
		success
		Error *problem `json:"error"`
	}
	if exit > 1 {
		if stdout != "" {
			t.Errorf("exit %d with %q on standard output", exit, stdout)
		}
		return o
	}
	if err := json.Unmarshal([]byte(stdout), &line); err != nil || strings.Count(stdout, "\n") != 1 || !strings.HasSuffix(stdout, "\n") {
		t.Errorf("standard output is not one line of JSON: %q", stdout)
	}
	if (line.Error == nil) != (exit == 0) {
		t.Errorf("exit %d with %q", exit, stdout)
	}
	if o.success = line.success; line.Error != nil {
		o.problem = *line.Error
	}
	if strings.Contains(stdout+stderr, "secret") {
		t.Errorf("the session URL is shown: %s%s", stdout, stderr)
	}
	return o
}

// file writes n random bytes.
func file(t *testing.T, n int) (path string, data []byte) {
	t.Helper()
	data = make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

func TestUploads(t *testing.T) {
	for _, protocol := range []string{"resumable", "multipart", "simple"} {
		for _, size := range []int{0, 1, unit - 1, unit, unit + 1, 3*unit + 7} {
			for _, way := range []string{"file", "unknown size", "standard input"} {
				t.Run(fmt.Sprint(protocol, size, way), func(t *testing.T) {
					t.Parallel()
					s := newStorage(t)
					path, data := file(t, size)
					uploadType := map[string]string{"resumable": "resumable", "multipart": "multipart", "simple": "media"}[protocol]
					args := []string{"-url", s.url + "/o?uploadType=" + uploadType, "-protocol", protocol, "-type", "video/mp4", chunk}
					var stdin io.Reader
					if protocol != "simple" {
						args = append(args, "-metadata", `{"name":"o"}`)
					}
					switch way {
					case "unknown size":
						args = append(args, "-unknown-size", path)
					case "standard input":
						stdin = bytes.NewReader(data)
						args = append(args, "-")
					default:
						args = append(args, path)
					}
					got := runCommand(t, stdin, args...)
					if got.exit != 0 || got.success.Status != 200 || got.success.Bytes != int64(size) || got.success.ResumedFrom != 0 || !strings.Contains(got.success.Response, "md5Hash") {
						t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
					}
					if !bytes.Equal(s.object, data) {
						t.Errorf("server holds %d bytes that are not the %d", len(s.object), size)
					}
					if protocol != "simple" && s.name != `{"name":"o"}` {
						t.Errorf("metadata %q", s.name)
					}
				})
			}
		}
	}
}

func TestSuccessLine(t *testing.T) {
	s := newStorage(t)
	path, _ := file(t, 5)
	s.answerBy(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			w.WriteHeader(201)
			io.WriteString(w, `{"a": "<b>"}`)
		}
		return n == 2
	})
	got := runCommand(t, nil, "-url", s.url, path)
	if want := `{"status":201,"bytes":5,"resumed_from":0,"response":"{\"a\": \"<b>\"}"}` + "\n"; got.stdout != want || got.stderr != "" {
		t.Errorf("printed %q and %q, want %q", got.stdout, got.stderr, want)
	}
}

func TestUsage(t *testing.T) {
	s := newStorage(t)
	path, _ := file(t, 5)
	for _, args := range [][]string{
		{},
		{"-url", s.url},
		{"-url", s.url, path, path},
		{path},
		{"-url", "ftp://example.org/x", path},
		{"-url", "nonsense", path},
		{"-url", s.url, "-protocol", "tus", path},
		{"-url", s.url, "-checksum", "sha1", path},
		{"-url", s.url, "-chunk", "many", path},
		{"-url", s.url, "-metadata", "{", path},
		{"-url", s.url, "-metadata", "name", path},
		{"-url", s.url, "-metadata", "", path},
		{"-url", s.url, "-protocol", "simple", "-metadata", "{}", path},
		{"-url", s.url, "-header", "no colon", path},
		{"-url", s.url, "-header", ": value", path},
		{"-url", s.url, "-header", "A B: value", path},
		{"-url", s.url, "-header", "A: b\nC: d", path},
		{"-url", s.url, "-state", "state", "-"},
		{"-url", s.url, "-unheard-of", path},
	} {
		if got := runCommand(t, nil, args...); got.exit != 2 || got.stderr == "" {
			t.Errorf("%q: exit %d: %s%s", args, got.exit, got.stdout, got.stderr)
		}
	}
	if sent := s.requests(); len(sent) > 0 {
		t.Errorf("requests were sent: %v", sent)
	}
}

// always answers every request of a method with a status.
func always(method string, status int, header ...string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method {
			return false
		}
		io.Copy(io.Discard, r.Body)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, `{"error":{"message":"no"}}`)
		return true
	}
}

// answers answers the n-th request.
func answers(n, status int, body string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(got int, w http.ResponseWriter, r *http.Request) bool {
		if got != n {
			return false
		}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		io.WriteString(w, body)
		return true
	}
}

func TestFailures(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	for name, tc := range map[string]struct {
		hook   func(int, http.ResponseWriter, *http.Request) bool
		args   []string
		kind   string
		status int
	}{
		"refused":                {always("POST", 403), nil, "status", 403},
		"chunk refused":          {always("PUT", 400), nil, "status", 400},
		"session lost twice":     {always("PUT", 404), nil, "status", 404},
		"simple refused":         {always("POST", 404), []string{"-protocol", "simple"}, "status", 404},
		"redirected":             {always("POST", 307, "Location", elsewhere.URL), nil, "protocol", 0},
		"chunk redirected":       {always("PUT", 302, "Location", elsewhere.URL), nil, "protocol", 0},
		"simple redirected":      {always("POST", 308, "Location", elsewhere.URL), []string{"-protocol", "simple"}, "protocol", 0},
		"session elsewhere":      {always("POST", 200, "Location", elsewhere.URL), nil, "protocol", 0},
		"early 200":              {answers(2, 200, `{"size":"262144"}`), nil, "protocol", 0},
		"another size":           {answers(3, 200, `{"size":"262144"}`), nil, "protocol", 0},
		"Range beyond":           {always("PUT", 308, "Range", "bytes=0-300000"), nil, "protocol", 0},
		"another MD5":            {answers(3, 200, `{"md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg=="}`), nil, "checksum", 0},
		"another CRC32C":         {answers(3, 200, `{"crc32c":"AAAAAA=="}`), []string{"-checksum", "crc32c"}, "checksum", 0},
		"simple of another MD5":  {answers(1, 200, `{"md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg=="}`), []string{"-protocol", "simple"}, "checksum", 0},
		"chunk size of no unit":  {nil, []string{"-chunk", "262145"}, "input", 0},
		"chunk size 0":           {nil, []string{"-chunk", "0"}, "input", 0},
		"negative chunk size":    {nil, []string{"-chunk", "-262144"}, "input", 0},
		"no state file":          {nil, []string{"-state", "/dev/null/state"}, "input", 0},
		"a state file of others": {nil, []string{"-state", os.Args[0]}, "input", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStorage(t)
			s.answerBy(tc.hook)
			path, _ := file(t, unit+5)
			got := runCommand(t, nil, append(append([]string{"-url", s.url + "/o", chunk}, tc.args...), path)...)
			if got.exit != 1 || got.problem.Kind != tc.kind || got.problem.Status != tc.status || got.problem.Message == "" {
				t.Errorf("exit %d: %s%s after %v", got.exit, got.stdout, got.stderr, s.requests())
			}
			if sent := s.requests(); tc.kind == "input" && len(sent) > 0 {
				t.Errorf("requests were sent: %v", sent)
			}
		})
	}
}

func TestNoSuchFile(t *testing.T) {
	s := newStorage(t)
	for _, path := range []string{filepath.Join(t.TempDir(), "absent"), t.TempDir()} {
		if got := runCommand(t, nil, "-url", s.url, path); got.exit != 1 || got.problem.Kind != "input" {
			t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
		}
	}
}

// TestChecksumNone: none compares nothing.
func TestChecksumNone(t *testing.T) {
	s := newStorage(t)
	s.answerBy(answers(2, 200, `{"md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg=="}`))
	path, _ := file(t, 5)
	if got := runCommand(t, nil, "-url", s.url, "-checksum", "none", path); got.exit != 0 {
		t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
}

// TestRetries: five in a row without progress, then the kind of the last failure.
// Its runs wait, so they wait together.
func TestRetries(t *testing.T) {
	t.Parallel()
	var runs sync.WaitGroup
	for _, tc := range []struct {
		failing int // requests after the first that fail
		abort   bool
		exit    int
		kind    string
	}{
		{5, false, 0, ""},
		{6, false, 1, "status"},
		{6, true, 1, "transport"},
	} {
		s := newStorage(t)
		s.answerBy(failing(tc.failing, tc.abort))
		path, data := file(t, 10)
		runs.Go(func() {
			got := runCommand(t, nil, "-url", s.url, path)
			if got.exit != tc.exit || got.problem.Kind != tc.kind || tc.exit == 0 && !bytes.Equal(s.object, data) {
				t.Errorf("%d failures: exit %d: %s%s after %v", tc.failing, got.exit, got.stdout, got.stderr, s.requests())
			}
		})
	}
	runs.Wait()
}

// failing fails n requests after the first, with a status or without an answer.
func failing(left int, abort bool) func(int, http.ResponseWriter, *http.Request) bool {
	return func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 || left == 0 {
			return false
		}
		io.Copy(io.Discard, r.Body)
		if left--; abort {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(503)
		return true
	}
}

// TestHeaders: they go with the start only.
func TestHeaders(t *testing.T) {
	s := newStorage(t)
	var got []string
	s.answerBy(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		got = append(got, r.Method+" "+strings.Join(r.Header["X-Secret-Key"], ","))
		return false
	})
	path, _ := file(t, 2*unit)
	if o := runCommand(t, nil, "-url", s.url, chunk, "-header", "x-secret-key: a", "-header", "X-Secret-Key:b", path); o.exit != 0 {
		t.Fatal(o.stdout, o.stderr)
	}
	if want := []string{"POST a,b", "PUT ", "PUT "}; !slices.Equal(got, want) {
		t.Errorf("headers %q, want %q", got, want)
	}
}

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
