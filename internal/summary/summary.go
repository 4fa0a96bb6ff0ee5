package summary

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Line is the last line of a sync's output.
type Line struct {
	Type      string
	SessionID string `json:"session_id"`
	Outcome   string
	ExitCode  int `json:"exit_code"`
	Items     struct {
		Total, Created, Skipped, Failed, Pending int
		AlreadyThere                             int `json:"already_there"`
	}
	Bytes    struct{ Downloaded, Uploaded, Resent int64 }
	Requests map[string]int64                             // by kind
	Error    *struct{ Class, Code, Message, Hint string } // nil if there is none
}

// Read decodes the last line of all that a sync wrote to standard output. It is
// an error if any line is something other than JSON.
func Read(stdout []byte) (Line, error) {
	lines := bytes.Split(bytes.TrimSpace(stdout), []byte("\n"))
	for _, line := range lines {
		if !json.Valid(line) {
			return Line{}, fmt.Errorf("stdout carries something other than JSON lines: %q", line)
		}
	}
	var l Line
	last := lines[len(lines)-1]
	if err := json.Unmarshal(last, &l); err != nil || l.Type != "summary" {
		return Line{}, fmt.Errorf("the last line of stdout is no summary: %q", last)
	}
	return l, nil
}
