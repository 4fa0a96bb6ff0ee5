package transport

import (
	"net"
	"net/http"
	"net/url"
	"time"
)

// MaxHeader bounds the header of an answer, in bytes.
const MaxHeader = 64 << 10

// inFlight is how many connections to a host are kept: as many as files are in
// flight.
const inFlight = 32

// New returns a transport that asks the proxy of the process environment, which
// is read now.
func New() *http.Transport {
	proxies := fromEnvironment()
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxies.find(r.URL) },
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            dial(&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}),
		TLSHandshakeTimeout:    15 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConnsPerHost:    inFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: MaxHeader,
		ForceAttemptHTTP2:      true,
	}
}

// NewHTTP1 returns a transport that speaks HTTP/1.1, for bytes: a transfer then
// has one connection to itself. Streams of HTTP/2 share one window, and a byte
// costs more than half as much again.
func NewHTTP1() *http.Transport {
	t := New()
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}
