// Package transport makes the HTTP transports of all clients, and says what a
// request without an answer means.
//
// A transport asks the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names,
// with the exceptions of NO_PROXY. A variable that cannot be used is an error of
// every request that it is for: a connection that was to go through a proxy
// never goes out directly.
package transport
