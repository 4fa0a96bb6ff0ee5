package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// Server is the emulator on real sockets: on loopback, one port for each URL but
// PhotosURL and OAuthURL, which share one.
type Server struct {
	GoProURL   string // API of the GoPro cloud, and its thumbnails
	CDNURL     string // its signed URLs
	PhotosURL  string // Google Photos
	OAuthURL   string // Google's token and consent endpoints
	BytesURL   string // bytes of media items in Google Photos
	ControlURL string // the control API and the page

	secure   *tls.Config // nil: plain HTTP
	servers  []*http.Server
	services []string // addresses that the services listen on
	clients  clients
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// ErrListening is returned by Listen when the emulator already listens or is
// closed.
var ErrListening = errors.New("emulator already listens or is closed")

// ErrNotListening is returned by Environ when Listen was not called before.
var ErrNotListening = errors.New("emulator does not listen")

// Listen starts the emulator on free ports of a loopback address such as
// "127.0.0.1". From then on, the URLs it hands out point there.
func (e *Emulator) Listen(host string) (*Server, error) {
	return e.ListenBehind(host, func(address string) (string, error) { return address, nil })
}

// ListenBehind is Listen for services that are reached through something else,
// such as a proxy that slows them down. Front is given the address of each port
// but the control API's, such as "127.0.0.1:40001", and returns the one that all
// URLs are to name instead.
func (e *Emulator) ListenBehind(host string, front func(address string) (string, error)) (*Server, error) {
	return e.listen(host, nil, front)
}

// ListenTLS is Listen with HTTPS: for measurements, since clients take plain HTTP
// from loopback addresses.
func (e *Emulator) ListenTLS(host string, config *tls.Config) (*Server, error) {
	return e.listen(host, config, func(address string) (string, error) { return address, nil })
}

// listen starts the emulator; without secure, in plain HTTP.
func (e *Emulator) listen(host string, secure *tls.Config, front func(address string) (string, error)) (*Server, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil || e.closed {
		return nil, ErrListening
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cancel: cancel, secure: secure}
	for _, port := range []struct {
		roles []route.Role
		urls  []*string
	}{
		{[]route.Role{route.GoPro, route.Images}, []*string{&s.GoProURL}},
		{[]route.Role{route.CDN}, []*string{&s.CDNURL}},
		{[]route.Role{route.Photos, route.OAuth, route.Accounts}, []*string{&s.PhotosURL, &s.OAuthURL}},
		{[]route.Role{route.Bytes}, []*string{&s.BytesURL}},
		{[]route.Role{route.Control}, []*string{&s.ControlURL}},
	} {
		server := newHTTPServer(ctx, e.routes.Handler(port.roles...))
		service := port.roles[0] != route.Control
		if service {
			server.ConnState = s.clients.note
		}
		address, err := s.open(ctx, host, server)
		if err == nil && service {
			s.services = append(s.services, address)
			address, err = front(address)
		}
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		url := s.scheme() + address
		for _, r := range port.roles {
			e.bases[r] = url
		}
		for _, u := range port.urls {
			*u = url
		}
	}
	e.server = s
	return s, nil
}

func (s *Server) scheme() string {
	if s.secure != nil {
		return "https://"
	}
	return "http://"
}

func (s *Server) open(ctx context.Context, host string, server *http.Server) (address string, err error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", host, err)
	}
	address = l.Addr().String()
	if s.secure != nil {
		l = tls.NewListener(l, s.secure)
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() { _ = server.Serve(l) }) // ends with ErrServerClosed
	return address, nil
}

// Close stops listening and lets the requests in hand end until ctx is done,
// then breaks them.
func (s *Server) Close(ctx context.Context) error {
	for _, server := range s.servers {
		_ = server.Shutdown(ctx) // what it could not wait for, stop breaks
	}
	return s.stop()
}

func (s *Server) stop() error {
	s.cancel()
	var failed error
	for _, server := range s.servers {
		failed = errors.Join(failed, server.Close())
	}
	s.running.Wait()
	return failed
}

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
