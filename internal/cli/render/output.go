package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/gondola-sync/gondola/internal/printable"
)

// Output is standard output. It writes text and JSON that are safe to show on a
// terminal, and keeps the first error: after it, nothing more is written. It is
// safe for concurrent use.
type Output struct {
	mu   sync.Mutex
	to   io.Writer
	text *printable.Writer
	err  error // of a write; nothing is written after it
	lost error // of a line that has no form in JSON; others follow
}

// NewOutput returns an output that writes to a writer.
func NewOutput(to io.Writer) *Output { return &Output{to: to, text: printable.NewWriter(to)} }

// Target returns what the output writes to.
func (o *Output) Target() io.Writer { return o.to }

// Write writes text.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if _, err := o.text.Write(p); err != nil {
		o.err = &OutputError{pathless(err)}
		return 0, o.err
	}
	return len(p), nil
}

// JSON writes one JSON line. Its error is kept.
func (o *Output) JSON(v any) {
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

// Close writes what is held back and returns the first error of all lines.
func (o *Output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.text.Flush(); err != nil && o.err == nil {
		o.err = &OutputError{pathless(err)}
	}
	return cmp.Or(o.err, o.lost)
}

// Failure returns the first error of a write, or nil.
func (o *Output) Failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// OutputError says that a result could not be written. [Output] keeps it, and the
// command fails with it at its end.
type OutputError struct{ err error }

func (e *OutputError) Error() string {
	return "the result cannot be written to standard output: " + e.err.Error()
}

func (e *OutputError) Unwrap() error { return e.err }

// IsOutput reports whether an error is that of a result that could not be written.
func IsOutput(err error) bool {
	_, ok := errors.AsType[*OutputError](err)
	return ok
}

// pathless takes the path out of an error: that of standard output means nothing.
func pathless(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
