package memnet

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConnectionDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := NewConns("x")
		began := time.Now()
		_ = client.SetReadDeadline(began.Add(3 * time.Second))
		_, err := client.Read(make([]byte, 1))
		if took := time.Since(began); !isTimeout(err) || took != 3*time.Second {
			t.Errorf("read: %v after %v, want a timeout after 3s", err, took)
		}
		_ = server.SetDeadline(time.Now().Add(-time.Second))
		if _, err := server.Read(make([]byte, 1)); !isTimeout(err) {
			t.Errorf("read after the deadline: %v, want a timeout", err)
		}
		_ = server.SetDeadline(time.Time{})
		_ = client.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := client.Write(make([]byte, streamBuffer+1))
		if n != streamBuffer || !isTimeout(err) {
			t.Errorf("wrote %d bytes nobody reads: %v, want %d and a timeout", n, err, streamBuffer)
		}
	})
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func TestConnectionEnds(t *testing.T) {
	t.Parallel()
	t.Run("close lets the other end read what was written", func(t *testing.T) {
		t.Parallel()
		client, server := NewConns("x")
		_, _ = client.Write([]byte("hello"))
		_ = client.Close()
		if got, err := io.ReadAll(server); string(got) != "hello" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := server.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write to a closed end: %v, want EPIPE", err)
		}
	})
	t.Run("reset takes away what was written", func(t *testing.T) {
		t.Parallel()
		client, server := NewConns("x")
		_, _ = server.Write([]byte("hello"))
		server.Reset()
		if n, err := client.Read(make([]byte, 9)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read %d bytes, %v, want ECONNRESET", n, err)
		}
	})
}

func TestConnectionCarriesEverythingInOrder(t *testing.T) {
	t.Parallel()
	client, server := NewConns("x")
	want := make([]byte, 5*streamBuffer+321)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(want) // never fails
	go func() {
		for part := want; len(part) > 0; {
			n, err := client.Write(part[:min(len(part), 70_001)])
			if err != nil {
				return
			}
			part = part[n:]
		}
		_ = client.Close()
	}()
	got, err := io.ReadAll(server)
	if err != nil || string(got) != string(want) {
		t.Errorf("read %d bytes (%v), not the %d written", len(got), err, len(want))
	}
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	l := NewListener("x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v, want context.Canceled", err)
	}
}
