package resumable

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Opener opens the object to be uploaded at an offset, in bytes. Closing what
// it returns must end a Read in progress.
type Opener func(ctx context.Context, offset int64) (io.ReadCloser, error)

// sourceAttempts is how often a source is reopened without yielding a byte,
// before the request that waits for it is given up.
const sourceAttempts = 4

var errInterrupted = errors.New("source was interrupted")

// source reads an object through connections that may drop. One goroutine uses
// it at a time, except for interrupt.
type source struct {
	open  Opener
	judge func(error) Verdict
	size  int64  // or Unknown
	whole bool   // only opened at the beginning
	began func() // called when it has been opened there

	at       int64 // offset of the next byte
	broken   bool  // body has failed or ended
	failures int   // reopenings since the last byte

	mu     sync.Mutex
	closed bool
	body   io.ReadCloser
	cancel context.CancelFunc // ends body's context
}

// seek makes the next Read start at offset, opening there unless it is there; at
// the beginning if the source is only opened whole.
func (s *source) seek(ctx context.Context, offset int64) error {
	s.mu.Lock()
	there := s.body != nil && !s.closed && !s.broken && s.at == offset
	s.mu.Unlock()
	if there {
		return nil
	}
	if s.whole {
		offset = 0
	}
	s.interrupt()
	s.mu.Lock()
	s.closed = false
	s.mu.Unlock()
	s.at, s.failures, s.broken = offset, 0, true
	if err := s.reopen(ctx); err != nil {
		return &SourceError{err}
	}
	return nil
}

// read reads at the source's position. When a connection drops it opens
// another one there; the error of one that stays down is the source's.
func (s *source) read(ctx context.Context, p []byte) (int, error) {
	if s.size != Unknown {
		if s.at >= s.size {
			return 0, io.EOF
		}
		p = p[:min(int64(len(p)), s.size-s.at)]
	}
	for {
		n, err := s.readOnce(ctx, p)
		if n > 0 {
			s.failures = 0
			return n, nil
		}
		if err == nil || err == io.EOF || !s.again(ctx, err) {
			return 0, err
		}
	}
}

// readOnce reads from the connection, or from a new one if it is broken.
func (s *source) readOnce(ctx context.Context, p []byte) (int, error) {
	if s.broken {
		if err := s.reopen(ctx); err != nil {
			return 0, err
		}
	}
	n, err := s.current().Read(p)
	s.at += int64(n)
	if s.broken = err != nil; err == io.EOF && s.size != Unknown {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// longestAsked is the longest wait, at the source's request, during which the
// request that waits for the source is kept open.
const longestAsked = 10 * time.Second

// again waits before another attempt and reports whether to make one.
func (s *source) again(ctx context.Context, err error) bool {
	if s.whole || s.isClosed() || ctx.Err() != nil || s.failures >= sourceAttempts {
		return false
	}
	verdict := s.judge(err)
	if !verdict.Retry || verdict.After > longestAsked {
		return false
	}
	s.failures++
	wait := time.NewTimer(max(time.Duration(s.failures-1)*time.Second, verdict.After))
	defer wait.Stop()
	select {
	case <-wait.C:
		return !s.isClosed()
	case <-ctx.Done():
		return false
	}
}

// reopen opens the source at its position.
func (s *source) reopen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	if !s.begin(cancel) {
		return errInterrupted
	}
	body, err := s.open(ctx, s.at)
	if err != nil {
		cancel()
		return err
	}
	if !s.adopt(body) {
		body.Close()
		return errInterrupted
	}
	if s.broken = false; s.at == 0 {
		s.began()
	}
	return nil
}

// begin drops the current body for one that is being opened.
func (s *source) begin(cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel()
		return false
	}
	s.drop()
	s.cancel = cancel
	return true
}

func (s *source) adopt(body io.ReadCloser) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.body = body
	return true
}

// interrupt closes the source until the next seek, and ends a Read or an
// opening in progress. It may be called from any goroutine.
func (s *source) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.drop()
}

// drop needs s.mu. The body stays, so that a Read of it fails by itself.
func (s *source) drop() {
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	if s.body != nil {
		s.body.Close()
		s.body = closedBody{}
	}
}

func (s *source) current() io.Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body
}

func (s *source) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// closedBody stands where a body was.
type closedBody struct{}

func (closedBody) Read([]byte) (int, error) { return 0, errInterrupted }
func (closedBody) Close() error             { return nil }
