package gphotos

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
)

// authorized adds the access token to requests, and invalidates one that was
// refused, so that the next request has another. No refusal repeats it.
type authorized struct {
	base   http.RoundTripper
	tokens TokenSource
	home   *url.URL
	agent  string
	count  *atomic.Int64
}

// RoundTrip sends one request.
func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	if !trusted(a.home, req.URL) {
		closeBody(req)
		return nil, errUntrusted
	}
	token, err := a.tokens.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+token)
	signed.Header.Set("User-Agent", a.agent)
	a.count.Add(1)
	resp, err := a.base.RoundTrip(signed)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		a.tokens.Invalidate(token)
	}
	silence(resp, token, req.URL)
	return resp, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// trusted reports whether u may be sent bytes and the access token: an address
// of the API itself, below its own path. An upload URL lies there too; any other,
// Google's neighbouring hosts included, is refused, also one from a stored
// checkpoint. Two names of this machine are the same host if the port is.
func trusted(home, u *url.URL) bool {
	switch {
	case u.Scheme != home.Scheme || u.User != nil || u.Opaque != "":
		return false
	case u.Host != home.Host && !(isLoopback(home) && isLoopback(u) && u.Port() == home.Port()):
		return false
	}
	return strings.HasPrefix(path.Clean(u.Path), strings.TrimSuffix(home.Path, "/")+apiVersion)
}

// apiVersion begins every path of the API.
const apiVersion = "/v1/"
