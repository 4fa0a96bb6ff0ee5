package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"

	"github.com/gondola-sync/gondola/fault"
)

// HintProxyLogin is the next step after 407 Proxy Authentication Required.
const HintProxyLogin = "give the proxy's user and password in HTTPS_PROXY, as http://USER:PASSWORD@HOST:PORT with special characters percent-encoded"

const (
	hintVariable = "write it as http://USER:PASSWORD@HOST:PORT with special characters percent-encoded (%40 for @, %25 for %), or unset it; " +
		"http, https, socks5 and socks5h are known"
	hintRefused   = "ask who runs the proxy to let this machine through, or use another network"
	hintClock     = "check the clock of this machine, then whether something on the way intercepts its connections"
	hintNoRoots   = "install the system's list of certificate authorities (ca-certificates), or name one with SSL_CERT_FILE"
	hintAuthority = "something on the way may intercept the connection: sign in to the network in a browser, or add the authority of " +
		"your organisation's proxy to the system's list (SSL_CERT_FILE names another list)"
	hintClear = "the other side does not speak TLS: something on the way may intercept the connection, or the address is wrong"
)

// Judge completes the fault of a request without an answer, whose Err is that
// of the transport: it is transient, unless only a person can help. Such a
// fault is of class Session and has a hint.
func Judge(f *fault.Error) {
	f.Class, f.Code = fault.Transient, fault.Unreachable
	if hint := Hint(f.Err); hint != "" {
		f.Class, f.Hint = fault.Session, hint
	}
}

// Hint returns the next step after an error of a transport that no repetition
// helps against, and "" after any other.
func Hint(err error) string {
	if _, ok := errors.AsType[*VariableError](err); ok {
		return hintVariable
	}
	if e, ok := errors.AsType[*RefusalError](err); ok {
		return refusalHint(e.Status)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return hintClock
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return hintNoRoots
	}
	if unverified(err) {
		return hintAuthority
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return hintClear
	}
	return ""
}

// refusalHint is "" for a proxy that may let the next connection through.
func refusalHint(status int) string {
	switch {
	case status == http.StatusProxyAuthRequired, status == http.StatusUnauthorized:
		return HintProxyLogin
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return ""
	}
	return hintRefused
}

// unverified reports whether a certificate did not prove whose it is.
func unverified(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok
}
