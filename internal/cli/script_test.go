package cli

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits runs gondola and checks its exit code: exits CODE ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("gondola", args[1:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("gondola %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// waitFor waits until a file holds a text: waitfor FILE TEXT
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(data), args[1]) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not come to hold %q", args[0], args[1])
}

// loadEnv sets the variables of the emulator whose JSON line a file holds:
// loadenv FILE
func loadEnv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: loadenv FILE")
	}
	var line struct {
		Env map[string]string `json:"env"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &line))
	for name, value := range line.Env {
		ts.Setenv(name, value)
	}
}

// jsonLinesCmd checks that each line of a file is a JSON object with a type,
// and that the types occur as often as said: jsonlines FILE TYPE=COUNT...
func jsonLinesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: jsonlines FILE TYPE=COUNT...")
	}
	got := map[string]int{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var object struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.Type == "" {
			ts.Fatalf("%s: no JSON line with a type: %s", args[0], line)
		}
		got[object.Type]++
	}
	for _, arg := range args[1:] {
		kind, count, _ := strings.Cut(arg, "=")
		want, err := strconv.Atoi(count)
		ts.Check(err)
		if got[kind] != want {
			ts.Fatalf("%s: %d lines of type %s, want %d", args[0], got[kind], kind, want)
		}
	}
}

// control calls the control API of the emulator whose JSON line a file holds:
// control FILE METHOD PATH [BODY]
func control(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: control FILE METHOD PATH [BODY]")
	}
	var line struct {
		URL string `json:"control_url"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &line))
	request, err := http.NewRequest(args[1], line.URL+args[2], strings.NewReader(strings.Join(args[3:], "")))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		ts.Fatalf("control %s: %s", args[2], answer.Status)
	}
}

// eventually runs a program until its standard output matches a regular
// expression: eventually PATTERN PROGRAM ARGS...
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually PATTERN PROGRAM ARGS...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not come to print %q", strings.Join(args[1:], " "), args[0])
}
