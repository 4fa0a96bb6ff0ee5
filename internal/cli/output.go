package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/gondola-sync/gondola/internal/printable"
)

// output is standard output. It writes text and JSON that are safe to show on a
// terminal, and keeps the first error: after it, nothing more is written. It is
// safe for concurrent use.
type output struct {
	mu   sync.Mutex
	to   io.Writer
	text *printable.Writer
	err  error // of a write; nothing is written after it
	lost error // of a line that has no form in JSON; others follow
}

func newOutput(to io.Writer) *output { return &output{to: to, text: printable.NewWriter(to)} }

// Write writes text.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if _, err := o.text.Write(p); err != nil {
		o.err = &outputError{pathless(err)}
		return 0, o.err
	}
	return len(p), nil
}

// json writes one JSON line. Its error is kept.
func (o *output) json(v any) {
	var line bytes.Buffer
	enc := json.NewEncoder(printable.NewJSONWriter(&line))
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.lost = cmp.Or(o.lost, fmt.Errorf("a line of the result cannot be written: %w", err))
		return
	}
	_, _ = o.Write(line.Bytes())
}

// close writes what is held back and returns the first error of all lines.
func (o *output) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.text.Flush(); err != nil && o.err == nil {
		o.err = &outputError{pathless(err)}
	}
	return cmp.Or(o.err, o.lost)
}

// failure returns the first error of a write, or nil.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// outputError says that a result could not be written. [output] keeps it, and the
// command fails with it at its end.
type outputError struct{ err error }

func (e *outputError) Error() string {
	return "the result cannot be written to standard output: " + e.err.Error()
}

func (e *outputError) Unwrap() error { return e.err }

func isOutput(err error) bool {
	_, ok := errors.AsType[*outputError](err)
	return ok
}
