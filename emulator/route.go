package emulator

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/gondola-sync/gondola/emulator/internal/memnet"
)

// role is a part that a host plays. In memory each has the host name of the real
// service; over sockets some share a listener.
type role int

const (
	roleGoPro role = iota
	roleCDN
	roleImages
	rolePhotos
	roleOAuth
	roleAccounts
	roleBytes
	roleControl
	roleCount
)

// host is the name of the real service, or for the control role one that can
// not exist.
func (r role) host() string {
	return [roleCount]string{
		roleGoPro:    "api.gopro.com",
		roleCDN:      "media-cdn-vod.gopro.com",
		roleImages:   "images-01.gopro.com",
		rolePhotos:   "photoslibrary.googleapis.com",
		roleOAuth:    "oauth2.googleapis.com",
		roleAccounts: "accounts.google.com",
		roleBytes:    "lh3.googleusercontent.com",
		roleControl:  "emulator.control",
	}[r]
}

// route is one call that a service answers. Its name is what faults and the log
// call it.
type route struct {
	name    string
	role    role
	pattern string // as http.ServeMux takes it
	handler http.HandlerFunc
	// refuse, if not nil, answers a status the way the service words it; it is
	// used for FaultStatus without a body.
	refuse func(w http.ResponseWriter, r *http.Request, status int)
	// pick, if not nil, tells by the request which route it is, for calls that
	// share a method and a path; only role and pattern of rt count then.
	pick  func(r *http.Request) route
	picks []string // the names that pick gives
}

// Routes returns the names of all routes that faults and the log know, sorted.
func (e *Emulator) Routes() []string {
	var names []string
	for _, rt := range e.routes {
		if rt.role != roleControl {
			names = append(append(names, rt.picks...), rt.name)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

// handler serves the routes of some roles.
func (e *Emulator) handler(roles ...role) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range e.routes {
		for _, played := range roles {
			if rt.role == played {
				mux.Handle(rt.pattern, e.wrap(rt))
			}
		}
	}
	unknown := e.wrap(route{handler: mux.ServeHTTP})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			unknown.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// wrap logs the calls of a route and lets faults hit them. The control role is
// not part of the emulated world: it goes straight to its handler.
func (e *Emulator) wrap(rt route) http.Handler {
	if rt.role == roleControl && rt.name != "" {
		return rt.handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt := rt
		if rt.pick != nil {
			rt = rt.pick(r)
		}
		now := e.Clock.Now()
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		note := &note{Entry: newEntry(rt.name, r, now)}
		body := &countedBody{ReadCloser: r.Body}
		out := &answer{ResponseWriter: w}
		out.log = sync.OnceFunc(func() {
			note.Status, note.In, note.Out = out.status, body.n, out.n
			e.Log.add(note.Entry)
		})
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, note))
		r.Body = body
		defer func() {
			out.log()
			if out.dropped {
				panic(http.ErrAbortHandler) // net/http's way to leave a connection unanswered
			}
		}()
		e.serve(rt, note, out, r)
	})
}

func (e *Emulator) serve(rt route, n *note, w *answer, r *http.Request) {
	failure := e.Faults.take(rt.name, r.URL.Path)
	if failure == nil {
		rt.handler(w, r)
		return
	}
	n.Fault = failure.Kind
	if failure.Kind.special() {
		rt.handler(w, withFault(r, failure))
		return
	}
	failure.perform(rt, w, r)
}

// note is the log entry of the request in hand; its handler may add to it.
type note struct{ Entry }

type noteKey struct{}

// noteLeak records that a request carried a credential where none belongs.
func noteLeak(r *http.Request) {
	if n, ok := r.Context().Value(noteKey{}).(*note); ok {
		n.Leak = true
	}
}

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
// whose length was told.
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

func rememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// dropConnection breaks the connection of a request whose handler decided that
// no answer may arrive. Nothing written afterwards is sent.
func dropConnection(w http.ResponseWriter, r *http.Request) {
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
