package emulator

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// Settle returns when the services have noticed that their last client is gone,
// and have dealt with all that it had sent. It is for the moment after a process
// was killed, whose last words may still lie in the sockets; it waits as long as
// a client keeps a connection open.
func (s *Server) Settle(ctx context.Context) error {
	for _, address := range s.services {
		if err := passQueue(ctx, address); err != nil {
			return fmt.Errorf("settle %s: %w", address, err)
		}
	}
	return s.clients.gone(ctx)
}

// passQueue returns when a listener has accepted all connections that were made
// before: it stands in line with one that makes no sense and is refused.
func passQueue(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := io.WriteString(conn, "next\r\n\r\n"); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, conn) // to its end, however it comes
	return context.Cause(ctx)
}

// clients counts the connections that are open.
type clients struct {
	mu    sync.Mutex
	open  int           // guarded by mu
	empty chan struct{} // guarded by mu; closed when none is open, nil if no goroutine waits
}

// note is an http.Server's ConnState. A connection counts until its last request
// has ended.
func (c *clients) note(_ net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open++
	case http.StateClosed:
		if c.open--; c.open == 0 && c.empty != nil {
			close(c.empty)
			c.empty = nil
		}
	}
}

func (c *clients) gone(ctx context.Context) error {
	c.mu.Lock()
	if c.open == 0 {
		c.mu.Unlock()
		return nil
	}
	if c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
