package gphotos

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// authorized adds the access token to requests, and tells Tokens when one was
// refused, so that the next request has another. No refusal repeats it.
type authorized struct {
	base   http.RoundTripper
	tokens Tokens
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

// trusted reports whether u may be sent the access token: the API itself, for
// Google's also its neighbours, since upload URLs may point there, and for one
// on this machine any other name of the machine.
func trusted(home, u *url.URL) bool {
	const google = ".googleapis.com"
	switch {
	case u.Scheme != home.Scheme:
		return false
	case u.Host == home.Host, isLoopback(home) && isLoopback(u):
		return true
	}
	return strings.HasSuffix(home.Host, google) && strings.HasSuffix(u.Host, google)
}
