package resumable

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// allowed returns ErrRedirect unless u is at the host of base or at one that
// allow accepts. What is sent there may be a credential, and is the object.
func allowed(base string, u *url.URL, allow func(host string) bool) error {
	home, err := url.Parse(base)
	switch {
	case err != nil:
		return fmt.Errorf("URL cannot be parsed: %w", withoutURL(err))
	case home.Scheme == "https" && u.Scheme != "https":
		return fmt.Errorf("%w: from https to %s", ErrRedirect, oneLine(u.Scheme))
	case allow != nil && allow(u.Host):
		return nil
	case !sameHost(home, u):
		return fmt.Errorf("%w: %s is not the host %s of the upload URL", ErrRedirect, oneLine(u.Host), home.Host)
	}
	return nil
}

// sameHost reports whether two URLs are at one host and port. Two names of this
// machine are one host.
func sameHost(a, b *url.URL) bool {
	if port(a) != port(b) {
		return false
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) || isLoopback(a.Hostname()) && isLoopback(b.Hostname())
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// refused returns the *ProtocolError of a URL that a server handed out.
func refused(command string, err error) error {
	e := &ProtocolError{Command: command, Reason: err.Error()}
	if errors.Is(err, ErrRedirect) {
		e.Err = ErrRedirect
	}
	return e
}

// isRedirect reports whether a status points elsewhere. 308 does only where it
// does not stand for "resume incomplete".
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// withHeader returns a copy of the header that starts an upload.
func withHeader(m Media) http.Header {
	h := http.Header{}
	for name, values := range m.Header {
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	return h
}
