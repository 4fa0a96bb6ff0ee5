package cli

import (
	"io"
	"os"
	"sync"

	"github.com/mattn/go-isatty"

	"github.com/gondola-sync/gondola/internal/printable"
)

// screen is standard error. Lines written while a live display is attached
// appear above it. It is safe for concurrent use.
type screen struct {
	out  io.Writer
	mu   sync.Mutex
	live io.Writer // nil without a live display
}

func newScreen(out io.Writer) *screen { return &screen{out: out} }

// Write implements [io.Writer] for whole lines, without characters that could
// steer the terminal.
func (s *screen) Write(p []byte) (int, error) {
	if _, err := s.raw().Write([]byte(printable.Text(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// raw returns a writer for lines whose escape sequences are Gondola's own, and
// whose text from outside is printable already.
func (s *screen) raw() io.Writer { return rawScreen{s} }

type rawScreen struct{ *screen }

func (s rawScreen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		if n, err := s.live.Write(p); err == nil {
			return n, nil
		}
	}
	return s.out.Write(p)
}

// afterEcho goes back to the beginning of the line, where a live display expects
// the cursor: a terminal has written ^C there.
func (s *screen) afterEcho() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		io.WriteString(s.out, "\r")
	}
}

// attach puts a live display on the screen; nil takes it off.
func (s *screen) attach(live io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = live
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}
