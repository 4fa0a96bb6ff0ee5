package rig

import (
	"encoding/json"
	"strings"
)

// Verification is the last line of verify's JSON output.
type Verification struct {
	Type     string
	Outcome  string
	ExitCode int `json:"exit_code"`
	Items    struct{ Total, Verified, Missing, Failed, Processing, Unproven, Pending, Skipped int }
	Retry    string
}

// Verified is one of the lines before it.
type Verified struct {
	Name, Status, Reason string
	DestinationID        string `json:"destination_id"`
}

// Verify runs verify and returns its last line, and the items by name.
func (l *Line) Verify(args ...string) (Verification, map[string]Verified, Result) {
	l.T.Helper()
	r := l.Gondola(append([]string{"verify", "--json"}, args...)...)
	var last Verification
	items := map[string]Verified{}
	for text := range strings.Lines(r.Stdout) {
		last = Verification{}
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			l.T.Fatalf("line %q: %v", text, err)
		}
		if last.Type == "verified" {
			var it Verified
			if err := json.Unmarshal([]byte(text), &it); err != nil {
				l.T.Fatal(err)
			}
			items[it.Name] = it
		}
	}
	if last.Type != "verification" || last.ExitCode != r.Code {
		l.T.Errorf("exit code %d, last line %+v\nstderr: %s", r.Code, last, r.Stderr)
	}
	return last, items, r
}

// SessionIDs lists the sessions, the most recently used first.
func (l *Line) SessionIDs(args ...string) (ids []string) {
	l.T.Helper()
	r := l.Want(0, append([]string{"sessions", "list", "--json"}, args...)...)
	for text := range strings.Lines(r.Stdout) {
		var s struct {
			ID string `json:"session_id"`
		}
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			l.T.Fatal(err)
		}
		ids = append(ids, s.ID)
	}
	return ids
}
