package route

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
)

// Role is a part that a host plays. In memory each has the host name of the real
// service; over sockets some share a listener.
type Role int

// Roles of the services, and of the control API.
const (
	GoPro Role = iota
	CDN
	Images
	Photos
	OAuth
	Accounts
	Bytes
	Control
	Roles // how many there are
)

// Host is the name of the real service, or for the control role one that can
// not exist.
func (r Role) Host() string {
	return [Roles]string{
		GoPro:    "api.gopro.com",
		CDN:      "media-cdn-vod.gopro.com",
		Images:   "images-01.gopro.com",
		Photos:   "photoslibrary.googleapis.com",
		OAuth:    "oauth2.googleapis.com",
		Accounts: "accounts.google.com",
		Bytes:    "lh3.googleusercontent.com",
		Control:  "emulator.control",
	}[r]
}

// Route is one call that a service answers. Its name is what faults and the log
// call it.
type Route struct {
	Name    string
	Role    Role
	Pattern string // as http.ServeMux takes it
	Handler http.HandlerFunc
	// Refuse, if not nil, answers a status the way the service words it; it is
	// used for fault.Status without a body.
	Refuse func(w http.ResponseWriter, r *http.Request, status int)
	// Pick, if not nil, returns the route of a request, for calls that share a
	// method and a path; only Role and Pattern of this one count then.
	Pick  func(r *http.Request) Route
	Picks []string // the names that Pick gives
}

// Table is the routes of all services. Its calls are recorded, and faults hit them.
type Table struct {
	Now    func() time.Time
	Faults *fault.Queue
	Record func(Entry) // is called once for each request that was answered
	Routes []Route
}

// Names returns the names of all routes that faults and the log know, sorted.
func (t *Table) Names() []string {
	var names []string
	for _, rt := range t.Routes {
		if rt.Role != Control {
			names = append(append(names, rt.Picks...), rt.Name)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

// Handler serves the routes of some roles.
func (t *Table) Handler(roles ...Role) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range t.Routes {
		for _, played := range roles {
			if rt.Role == played {
				mux.Handle(rt.Pattern, t.wrap(rt))
			}
		}
	}
	unknown := t.wrap(Route{Handler: mux.ServeHTTP})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			unknown.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// wrap records the calls of a route and lets faults hit them. The control role is
// not part of the emulated world: it goes straight to its handler.
func (t *Table) wrap(rt Route) http.Handler {
	if rt.Role == Control && rt.Name != "" {
		return rt.Handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt := rt
		if rt.Pick != nil {
			rt = rt.Pick(r)
		}
		now := t.Now()
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		note := &note{Entry: newEntry(rt.Name, r, now)}
		body := &countedBody{ReadCloser: r.Body}
		out := &answer{ResponseWriter: w}
		out.log = sync.OnceFunc(func() {
			note.Status, note.In, note.Out = out.status, body.n, out.n
			t.Record(note.Entry)
		})
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, note))
		r.Body = body
		defer func() {
			out.log()
			if out.dropped {
				panic(http.ErrAbortHandler) // net/http's way to leave a connection unanswered
			}
		}()
		t.serve(rt, note, out, r)
	})
}

func (t *Table) serve(rt Route, n *note, w *answer, r *http.Request) {
	failure := t.Faults.Take(rt.Name, r.URL.Path)
	if failure == nil {
		rt.Handler(w, r)
		return
	}
	n.Fault = failure.Kind
	if failure.Kind.Special() {
		rt.Handler(w, fault.With(r, failure))
		return
	}
	perform(failure, rt, w, r)
}

// note is the log entry of the request in hand; its handler may add to it.
type note struct{ Entry }

type noteKey struct{}

// NoteLeak records that a request carried a credential where none belongs.
func NoteLeak(r *http.Request) {
	if n, ok := r.Context().Value(noteKey{}).(*note); ok {
		n.Leak = true
	}
}
