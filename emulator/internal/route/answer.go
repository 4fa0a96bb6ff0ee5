package route

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/gondola-sync/gondola/emulator/internal/memnet"
)

// answer is the ResponseWriter of every route: it counts, can drop the
// connection, and sees to it that the log has the request before the client can
// have seen the end of its answer.
type answer struct {
	http.ResponseWriter
	log     func() // enters the request into the log, once
	status  int
	n       int64
	dropped bool
}

// Unwrap lets http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if len(p) > 1 && a.completedBy(len(p)) {
		// A single byte stays in net/http's buffer until the handler has returned.
		n, err := a.write(p[:len(p)-1])
		if err != nil {
			return n, err
		}
		last, err := a.write(p[len(p)-1:])
		return n + last, err
	}
	return a.write(p)
}

func (a *answer) write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.n += int64(n)
	return n, err
}

// completedBy reports whether n more bytes are all that is left of an answer
// whose length was announced.
func (a *answer) completedBy(n int) bool {
	return a.Header().Get("Content-Length") == strconv.FormatInt(a.n+int64(n), 10)
}

// flush sends what was written, unless that is all: net/http sends it when the
// handler has returned.
func (a *answer) flush() {
	if !a.completedBy(0) {
		a.flushAll()
	}
}

func (a *answer) flushAll() {
	_ = http.NewResponseController(a.ResponseWriter).Flush() // an HTTP/1 response can always be flushed
}

// drop resets the connection of r without an answer.
func (a *answer) drop(r *http.Request) {
	a.dropped = true
	a.log()
	switch c := r.Context().Value(connKey{}).(type) {
	case *memnet.Conn:
		c.Reset()
	case *net.TCPConn:
		_ = c.SetLinger(0) // then Close sends RST
		_ = c.Close()      // it is being broken on purpose
	}
}

// finish sends what was written and closes the connection in an orderly way, so
// that the client gets every byte of it.
func (a *answer) finish() {
	a.log()
	a.flushAll()
	a.dropped = true
}

type connKey struct{}

// RememberConn is an http.Server's ConnContext, so that faults can reset a
// connection.
func RememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// Drop breaks the connection of a request whose handler decided that
// no answer may arrive. Nothing written afterwards is sent.
func Drop(w http.ResponseWriter, r *http.Request) {
	for {
		switch v := w.(type) {
		case *answer:
			v.drop(r)
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return
		}
	}
}

type countedBody struct {
	io.ReadCloser
	n int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}
