package line

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen serves each connection with a function and returns the address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

func newLine(t *testing.T, o Options) *Line {
	t.Helper()
	l := New(o)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dial connects to an address through a line.
func dial(t *testing.T, l *Line, target string) *net.TCPConn {
	t.Helper()
	address, err := l.Forward(target)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c.(*net.TCPConn)
}

func echo(c net.Conn) { io.Copy(c, c) }

// TestBytes sends pieces of all sizes there and back, and ends its direction
// before the answer has come.
func TestBytes(t *testing.T) {
	for _, o := range []Options{
		{},
		{Down: Leg{Rate: 40e6}, Up: Leg{Rate: 20e6}},
		{Down: Leg{Rate: 10e6, Delay: 3 * time.Millisecond}, Up: Leg{Delay: time.Millisecond}, Opening: 2},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		sent := make([]byte, 1<<20+rng.IntN(1<<20))
		for i := range sent {
			sent[i] = byte(rng.Uint32())
		}
		l := newLine(t, o)
		c := dial(t, l, listen(t, echo))
		go func() {
			for rest := sent; len(rest) > 0; {
				n := min(len(rest), 1+rng.IntN(100_000))
				c.Write(rest[:n])
				rest = rest[n:]
			}
			c.CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%+v: got %d bytes and %v, want the %d that were sent", o, len(got), err, len(sent))
		}
		if down, up := l.Carried(); down != int64(len(sent)) || up != int64(len(sent)) {
			t.Errorf("%+v: carried %d down and %d up, want %d", o, down, up, len(sent))
		}
	}
}

// TestRateOnSockets lets four connections share a line on real sockets. It is
// never faster than its rate. What a busy machine is late at the end counts the
// less, the longer it takes.
func TestRateOnSockets(t *testing.T) {
	const rate, conns, off = 4e6, 4, 0.03
	ratio := 0.0
	for seconds := 1; seconds <= 16 && ratio < 1-off; seconds *= 2 {
		l := newLine(t, Options{Down: Leg{Rate: rate, Delay: 5 * time.Millisecond, Queue: time.Second}})
		each := seconds * rate / conns
		target := listen(t, func(c net.Conn) { c.Write(make([]byte, each)) })
		began := time.Now()
		var readers sync.WaitGroup
		for range conns {
			c := dial(t, l, target)
			readers.Go(func() { io.Copy(io.Discard, c) })
		}
		readers.Wait()
		ratio = float64(conns*each) / time.Since(began).Seconds() / rate
		if ratio > 1 {
			t.Errorf("carried at %.3f of the rate", ratio)
		}
	}
	if ratio < 1-off {
		t.Errorf("carried at %.3f of the rate, want 1 within %v", ratio, off)
	}
}

func TestResetPassesOn(t *testing.T) {
	l := newLine(t, Options{Down: Leg{Delay: time.Millisecond}, Up: Leg{Delay: time.Millisecond}})
	c := dial(t, l, listen(t, func(c net.Conn) {
		c.Read(make([]byte, 1))
		c.(*net.TCPConn).SetLinger(0)
	}))
	c.Write([]byte("x"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read = %v, want a reset", err)
	}
}

func TestNobodyListens(t *testing.T) {
	address, err := newLine(t, Options{}).Forward("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", address)
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

// TestReceiverThatDoesNotRead finds that its sender is held back.
func TestReceiverThatDoesNotRead(t *testing.T) {
	l := newLine(t, Options{Up: Leg{Rate: 1e9, Delay: time.Millisecond}})
	stop := make(chan struct{})
	c := dial(t, l, listen(t, func(net.Conn) { <-stop }))
	defer close(stop)
	c.SetWriteDeadline(time.Now().Add(time.Second))
	n, err := c.Write(make([]byte, 1<<30))
	if err == nil {
		t.Fatal("everything was taken")
	}
	if most := 256 << 20; n > most {
		t.Errorf("%d bytes were taken, want at most %d", n, most)
	}
}

func TestClose(t *testing.T) {
	l := New(Options{Up: Leg{Rate: 1e6, Delay: time.Hour}, Down: Leg{Delay: time.Hour}})
	target := listen(t, echo)
	c := dial(t, l, target)
	c.Write(make([]byte, 1<<20))
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlives the line")
	}
	if _, err := l.Forward(target); !errors.Is(err, ErrClosed) {
		t.Errorf("Forward = %v, want %v", err, ErrClosed)
	}
	if err := l.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}
