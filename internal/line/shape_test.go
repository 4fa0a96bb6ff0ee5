package line

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// In a bubble nothing is ever late, so that the times are those of the model.

// pipe joins two ends through a line within the process.
func pipe(t *testing.T, l *Line) (near, far net.Conn) {
	t.Helper()
	near, nearEnd := net.Pipe()
	farEnd, far := net.Pipe()
	l.running.Go(func() { l.join(nearEnd, farEnd) })
	return near, far
}

// took reads n bytes and returns how long that took since the start.
func took(t *testing.T, c net.Conn, n int64, start time.Time) time.Duration {
	t.Helper()
	if _, err := io.CopyN(io.Discard, c, n); err != nil {
		t.Error(err)
	}
	return time.Since(start)
}

func send(c net.Conn, n int) {
	go c.Write(make([]byte, n)) // fails when the line is closed
}

// near reports whether two durations differ by at most the time of some packets.
func near(got, want time.Duration, rate int64, packets int) bool {
	slack := time.Duration(float64(packets) * packetSize / float64(rate) * float64(time.Second))
	return got >= want-slack && got <= want+slack
}

func TestRate(t *testing.T) {
	for _, row := range []struct {
		rate  int64
		delay time.Duration
		conns int
		each  int // bytes
	}{
		{25e6, 25 * time.Millisecond, 1, 5e6},
		{25e6, 25 * time.Millisecond, 4, 2e6},
		{25e6, 0, 64, 1e5},
		{1e6, 300 * time.Millisecond, 3, 1e6},
		{125e6, 10 * time.Millisecond, 2, 6e6},
		{64e3, 50 * time.Millisecond, 2, 1e5},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := New(Options{Up: Leg{Rate: row.rate, Delay: row.delay}})
			defer l.Close()
			start := time.Now()
			last := make(chan time.Duration, row.conns)
			for range row.conns {
				from, to := pipe(t, l)
				send(from, row.each)
				go func() { last <- took(t, to, int64(row.each), start) }()
			}
			var got time.Duration
			for range row.conns {
				got = max(got, <-last)
			}
			want := time.Duration(float64(row.conns*row.each)/float64(row.rate)*float64(time.Second)) + row.delay
			if !near(got, want, row.rate, 0) && !near(got, want, row.rate, 1) {
				t.Errorf("%+v: took %v, want %v", row, got, want)
			}
		})
	}
}

// TestFair gives connections equal shares. Only the one that comes first is
// ahead of the others, by the queue that it found empty.
func TestFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, conns, each = 1e6, 5, 2e6
		l := New(Options{Down: Leg{Rate: rate}})
		defer l.Close()
		start := time.Now()
		shares := make(chan time.Duration, conns)
		for range conns {
			near, far := pipe(t, l)
			send(far, 2*each)
			go func() { shares <- took(t, near, each, start) }()
		}
		const want = conns * each / rate * time.Second
		for range conns {
			if got := <-shares; !near(got, want, rate, 2*conns) && !near(got, want-conns*defaultQueue, rate, 2*conns) {
				t.Errorf("a fifth of the line took %v for 2 MB, want about %v", got, want)
			}
		}
	})
}

// TestDelay sends one byte there and back while the other direction is full.
func TestDelay(t *testing.T) {
	for _, row := range []struct {
		up, down Leg
		busyUp   bool
		want     time.Duration
	}{
		{Leg{Delay: 20 * time.Millisecond}, Leg{Delay: 30 * time.Millisecond}, false, 50 * time.Millisecond},
		{Leg{Rate: 25e6, Delay: 25 * time.Millisecond}, Leg{Rate: 25e6, Delay: 25 * time.Millisecond}, false, 50 * time.Millisecond},
		{Leg{Rate: 1e6, Delay: 25 * time.Millisecond, Queue: 80 * time.Millisecond}, Leg{Rate: 1e6, Delay: 25 * time.Millisecond}, true, 130 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := New(Options{Up: row.up, Down: row.down})
			defer l.Close()
			if row.busyUp {
				from, to := pipe(t, l)
				send(from, 10e6)
				go io.Copy(io.Discard, to)
				time.Sleep(time.Second)
			}
			client, server := pipe(t, l)
			go func() {
				server.Read(make([]byte, 1))
				server.Write([]byte("x"))
			}()
			start := time.Now()
			client.Write([]byte("x"))
			got := took(t, client, 1, start)
			if !near(got, row.want, max(row.up.Rate, 1e6), 2) {
				t.Errorf("%+v: there and back took %v, want about %v", row, got, row.want)
			}
		})
	}
}

// TestIdleLineSavesNothing: what was not used of the line is gone.
func TestIdleLineSavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Up: Leg{Rate: 1e6}})
		defer l.Close()
		from, to := pipe(t, l)
		send(from, 1)
		took(t, to, 1, time.Now())
		time.Sleep(time.Hour)
		send(from, 1e6)
		if got := took(t, to, 1e6, time.Now()); !near(got, time.Second, 1e6, 1) {
			t.Errorf("1 MB after an idle hour took %v, want 1s", got)
		}
	})
}

// TestOpening charges a new connection for its round trips.
func TestOpening(t *testing.T) {
	leg := Leg{Delay: 25 * time.Millisecond}
	l := newLine(t, Options{Up: leg, Down: leg, Opening: 2})
	start := time.Now()
	c := dial(t, l, listen(t, echo))
	c.Write([]byte("x"))
	if got := took(t, c, 1, start); got < 150*time.Millisecond {
		t.Errorf("the first answer came after %v, want 2 round trips and that of the question", got)
	}
	start = time.Now()
	c.Write([]byte("x"))
	if got := took(t, c, 1, start); got < 50*time.Millisecond {
		t.Errorf("the second answer came after %v, want a round trip", got)
	}
}
