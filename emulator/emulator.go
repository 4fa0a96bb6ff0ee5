package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/gopro"
	"github.com/gondola-sync/gondola/emulator/internal/memnet"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// Options say what an emulator holds and how it behaves. The zero value holds
// nothing and behaves as the real services do.
type Options struct {
	Start    time.Time        // emulated time at the start; zero: real time
	Library  Library          // what the default GoPro account holds
	Accounts []AccountOptions // accounts beside the default one
	GoPro    GoProOptions     // switches of the GoPro half
	Google   GoogleOptions    // switches of the Google half
}

// Emulator is the GoPro cloud, its CDN, Google OAuth and Google Photos in one
// value. It is safe for concurrent use.
type Emulator struct {
	Clock  *Clock
	Faults *Faults
	Log    *Log
	GoPro  *GoPro // the default account
	Google *Google

	cloud    *gopro.Cloud
	accounts []*Account // the default one first
	routes   route.Table

	mu     sync.Mutex
	bases  [route.Roles]string // guarded by mu; roots of the URLs that are handed out
	memory *memoryNetwork      // guarded by mu; nil until Client is called
	server *Server             // guarded by mu; nil until Listen is called
	closed bool                // guarded by mu
}

// New makes an emulator. Within a testing/synctest bubble, make, use and close
// it inside the bubble.
func New(o Options) (*Emulator, error) {
	e := &Emulator{Clock: newClock(o.Start), Faults: &Faults{}, Log: &Log{}}
	for r := range route.Roles {
		e.bases[r] = "https://" + r.Host()
	}
	var err error
	if e.Google, err = newGoogle(e, o.Google); err != nil {
		return nil, fmt.Errorf("emulate google: %w", err)
	}
	e.cloud = newGoProCloud(e, o.GoPro)
	if e.accounts, err = newAccounts(e, o); err != nil {
		return nil, fmt.Errorf("emulate accounts: %w", err)
	}
	e.GoPro = e.accounts[0].GoPro
	e.routes = route.Table{
		Now: e.Clock.Now, Faults: &e.Faults.queue, Record: func(entry route.Entry) { e.Log.add(Entry(entry)) },
		Routes: slices.Concat(e.cloud.Routes(), e.Google.routes(), e.controlRoutes()),
	}
	return e, nil
}

// Routes returns the names of all routes that faults and the log know, sorted.
func (e *Emulator) Routes() []string { return e.routes.Names() }

// base returns the root of the URLs handed out for a role, without a slash at
// its end: the real host name or, once Listen was called, the listener's.
func (e *Emulator) base(r route.Role) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bases[r]
}

// Client returns an HTTP client that reaches the emulator, and nothing else, by
// the host names of the real services, over connections inside the process. It
// fails every request once the emulator is closed.
func (e *Emulator) Client() *http.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.memory == nil {
		e.memory = newMemoryNetwork(e)
		if e.closed {
			e.memory.close()
		}
	}
	return &http.Client{Transport: e.memory.transport}
}

// Close ends every connection and listener. The emulator can not be used again.
func (e *Emulator) Close() error {
	e.mu.Lock()
	memory, server := e.memory, e.server
	e.closed = true
	e.mu.Unlock()
	if memory != nil {
		memory.close()
	}
	if server != nil {
		return server.stop()
	}
	return nil
}

// memoryNetwork is one in-process server per role and the transport to them.
type memoryNetwork struct {
	transport *http.Transport
	servers   []*http.Server
	listeners map[string]*memnet.Listener // by host name
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

func newMemoryNetwork(e *Emulator) *memoryNetwork {
	ctx, cancel := context.WithCancel(context.Background())
	m := &memoryNetwork{listeners: map[string]*memnet.Listener{}, cancel: cancel}
	for r := range route.Roles {
		l := memnet.NewListener(r.Host())
		m.listeners[r.Host()] = l
		m.servers = append(m.servers, newHTTPServer(ctx, e.routes.Handler(r)))
		server := m.servers[r]
		m.running.Go(func() { _ = server.Serve(l) }) // ends with ErrServerClosed
	}
	m.transport = &http.Transport{
		DialContext:    m.dial,
		DialTLSContext: m.dial,
		// A client of the real services would not be asked to connect anew for
		// each of its parallel requests either.
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}
	return m
}

func (m *memoryNetwork) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	l, ok := m.listeners[imagesAlias(host)]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: memnet.Addr(address),
			Err: &net.DNSError{Err: "no such host in the emulated world", Name: host, IsNotFound: true}}
	}
	return l.Dial(ctx)
}

// imagesAlias maps images-02 to images-04 to the one host that answers for all.
func imagesAlias(host string) string {
	switch host {
	case "images-02.gopro.com", "images-03.gopro.com", "images-04.gopro.com":
		return route.Images.Host()
	}
	return host
}

func (m *memoryNetwork) close() {
	m.cancel()
	m.transport.CloseIdleConnections()
	for _, s := range m.servers {
		_ = s.Close() // memory listeners and connections close without error
	}
	m.running.Wait()
}

// newHTTPServer returns a server whose requests are cancelled with ctx.
func newHTTPServer(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute,
		ConnContext:       route.RememberConn,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          discardLog(),
	}
}
