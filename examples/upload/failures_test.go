package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

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
