package memnet

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// streamBuffer is how many bytes one direction of a memory connection holds
// before its writer waits, as a socket's buffer would.
const streamBuffer = 64 << 10

// stream is one direction of a memory connection. Its waits are those of a
// sync.Cond, so that a testing/synctest bubble sees them as idle.
type stream struct {
	mu     sync.Mutex
	wake   sync.Cond
	buf    []byte // ring, allocated by the first write
	start  int    // first unread byte
	unread int
	ended  bool  // no more writes: the reader drains, then gets io.EOF
	broken error // reset: both ends fail at once

	readDeadline  deadline
	writeDeadline deadline
}

func newStream() *stream {
	s := &stream{}
	s.wake.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.broken != nil:
			return 0, s.broken
		case s.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.unread > 0:
			return s.take(p), nil
		case s.ended:
			return 0, io.EOF
		}
		s.wake.Wait()
	}
}

func (s *stream) take(p []byte) int {
	n := copy(p, s.buf[s.start:min(s.start+s.unread, len(s.buf))])
	s.start = (s.start + n) % len(s.buf)
	s.unread -= n
	s.wake.Broadcast()
	return n
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.broken != nil:
			return written, s.broken
		case s.ended:
			return written, syscall.EPIPE
		case s.writeDeadline.passed:
			return written, os.ErrDeadlineExceeded
		case written == len(p):
			return written, nil
		case s.unread < streamBuffer:
			written += s.put(p[written:])
		default:
			s.wake.Wait()
		}
	}
}

func (s *stream) put(p []byte) int {
	if s.buf == nil {
		s.buf = make([]byte, streamBuffer)
	}
	end := (s.start + s.unread) % len(s.buf)
	room := min(len(s.buf)-s.unread, len(s.buf)-end)
	n := copy(s.buf[end:end+room], p)
	s.unread += n
	s.wake.Broadcast()
	return n
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.wake.Broadcast()
}

func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = err
	}
	s.wake.Broadcast()
}

// deadline is guarded by its stream's mutex.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func (s *stream) set(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.timer, d.passed = nil, false
	switch wait := time.Until(t); {
	case t.IsZero():
	case wait <= 0:
		d.passed = true
	default:
		var timer *time.Timer
		timer = time.AfterFunc(wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if d.timer == timer {
				d.passed = true
				s.wake.Broadcast()
			}
		})
		d.timer = timer
	}
	s.wake.Broadcast()
}

// Conn is one end of a connection inside the process.
type Conn struct {
	in, out *stream
	host    Addr
}

// NewConns returns the two ends of a connection to a host.
func NewConns(host string) (client, server *Conn) {
	up, down := newStream(), newStream()
	client = &Conn{in: down, out: up, host: Addr(host)}
	server = &Conn{in: up, out: down, host: Addr(host)}
	return client, server
}

// Read waits for bytes that the other end wrote.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write waits while the buffer of the other end is full.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close lets the other end read what was written, and fails its writes.
func (c *Conn) Close() error {
	c.out.end()
	c.in.end()
	c.in.set(&c.in.readDeadline, time.Time{})
	c.out.set(&c.out.writeDeadline, time.Time{})
	c.in.discard()
	return nil
}

// discard forgets what a closed end will never read.
func (s *stream) discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unread = 0
}

// Reset breaks the connection for both ends, as a TCP RST does.
func (c *Conn) Reset() {
	c.in.fail(syscall.ECONNRESET)
	c.out.fail(syscall.ECONNRESET)
}

// LocalAddr returns the address of the host.
func (c *Conn) LocalAddr() net.Addr { return c.host }

// RemoteAddr returns the address of the host.
func (c *Conn) RemoteAddr() net.Addr { return c.host }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.set(&c.in.readDeadline, t)
	c.out.set(&c.out.writeDeadline, t)
	return nil
}

// SetReadDeadline sets when Read gives up; zero is never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.set(&c.in.readDeadline, t)
	return nil
}

// SetWriteDeadline sets when Write gives up; zero is never.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.set(&c.out.writeDeadline, t)
	return nil
}

// Addr is the name of a host.
type Addr string

// Network returns "memory".
func (Addr) Network() string { return "memory" }

// String returns the name.
func (a Addr) String() string { return string(a) }

// Listener is a net.Listener that is dialled inside the process.
type Listener struct {
	host   string
	queue  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewListener returns the listener of a host.
func NewListener(host string) *Listener {
	return &Listener{host: host, queue: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener. It waits until the connection is accepted.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := NewConns(l.host)
	select {
	case l.queue <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: l.Addr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept returns the next connection, or net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops listening. Connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the name of the host.
func (l *Listener) Addr() net.Addr { return Addr(l.host) }
