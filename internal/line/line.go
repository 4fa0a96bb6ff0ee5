package line

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Leg is one direction of a line.
type Leg struct {
	Rate  int64         // bytes a second; 0 or less: no limit
	Delay time.Duration // from the bottleneck to the other end
	// Queue is how long a byte waits before the bottleneck at most; 0: 50 ms,
	// as routers at home do. It has to be longer than the machine is ever late.
	Queue time.Duration
}

// Options describe a line. The zero value is one without limits or delay.
type Options struct {
	Down Leg // from the addresses that are forwarded to, to those who connect
	Up   Leg // the other way
	// Opening is how many round trips a new connection costs before it carries
	// bytes: 1 for TCP, 2 with TLS 1.3.
	Opening int
}

// Line is a simulated line. It is safe for concurrent use.
type Line struct {
	down, up *leg
	opening  time.Duration
	done     chan struct{} // closed by Close
	running  sync.WaitGroup

	mu        sync.Mutex
	closed    bool           // guarded by mu
	listeners []net.Listener // guarded by mu
}

// ErrClosed is returned by Forward once the line is closed.
var ErrClosed = errors.New("line is closed")

// New makes a line. Close has to be called.
func New(o Options) *Line {
	return &Line{
		down: newLeg(o.Down), up: newLeg(o.Up),
		opening: time.Duration(o.Opening) * (o.Down.Delay + o.Up.Delay),
		done:    make(chan struct{}),
	}
}

// Forward returns a loopback address at which the line leads to another one,
// such as "127.0.0.1:8080". All addresses share the one line.
func (l *Line) Forward(target string) (address string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return "", fmt.Errorf("forward to %s: %w", target, ErrClosed)
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("forward to %s: %w", target, err)
	}
	l.listeners = append(l.listeners, listener)
	l.running.Go(func() { l.accept(listener, target) })
	return listener.Addr().String(), nil
}

// Carried returns how many bytes have arrived so far at either end.
func (l *Line) Carried() (down, up int64) {
	return l.down.carried.Load(), l.up.carried.Load()
}

// Close breaks all connections and returns when nothing of the line runs any
// more. What is on its way is lost.
func (l *Line) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
	var failed error
	for _, listener := range l.listeners {
		failed = errors.Join(failed, listener.Close())
	}
	l.listeners = nil
	l.mu.Unlock()
	l.running.Wait()
	return failed
}

// acceptPause is the wait after a connection could not be accepted, which
// happens when there are too many open files.
const acceptPause = 10 * time.Millisecond

func (l *Line) accept(listener net.Listener, target string) {
	for {
		near, err := listener.Accept()
		switch {
		case err == nil:
			l.running.Go(func() { l.connect(near, target) })
		case errors.Is(err, net.ErrClosed), !l.sleep(acceptPause):
			return
		}
	}
}

// connect opens the way to target for a connection that came in.
func (l *Line) connect(near net.Conn, target string) {
	if !l.sleep(l.opening) {
		reset(near)
		return
	}
	var dialer net.Dialer
	far, err := dialer.DialContext(context.Background(), "tcp", target)
	if err != nil {
		reset(near)
		return
	}
	limitBuffers(near, far)
	l.join(near, far)
}

// join carries between two connections until both directions have ended or
// either is broken.
func (l *Line) join(near, far net.Conn) {
	broken := make(chan struct{})
	var once sync.Once
	breakOff := func() {
		once.Do(func() {
			close(broken)
			reset(near)
			reset(far)
		})
	}
	var flows, guard sync.WaitGroup
	ended := make(chan struct{})
	guard.Go(func() {
		select {
		case <-l.done:
			breakOff()
		case <-ended:
		}
	})
	for _, f := range []*flow{newFlow(l.up, near, far), newFlow(l.down, far, near)} {
		flows.Go(func() { f.take(broken) })
		flows.Go(func() { f.deliver(broken, breakOff) })
	}
	flows.Wait()
	close(ended)
	guard.Wait()
	_ = near.Close() // all that was sent has been delivered
	_ = far.Close()
}

// sleep reports false if the line was closed meanwhile.
func (l *Line) sleep(d time.Duration) bool {
	return sleep(d, l.done)
}

// sleep reports false if done came first.
func sleep(d time.Duration, done <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}

// reset closes a connection so that its other end notices.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // then Close sends RST
	}
	_ = c.Close() // it is being broken on purpose
}

// hidden is how many bytes the kernel may hold at each socket of the line,
// beyond what the line itself does.
const hidden = 256 << 10

func limitBuffers(conns ...net.Conn) {
	for _, c := range conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(hidden) // an open socket takes it
			_ = tcp.SetWriteBuffer(hidden)
		}
	}
}
