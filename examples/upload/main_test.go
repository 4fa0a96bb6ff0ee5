package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
