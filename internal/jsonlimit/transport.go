package jsonlimit

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport returns next for clients that decode answers without limits of their
// own: a body of more than limit bytes or values is an error of the request.
func Transport(next http.RoundTripper, limit, values int) http.RoundTripper {
	return transport{next, limit, values}
}

type transport struct {
	next          http.RoundTripper
	limit, values int
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := Read(resp.Body, t.limit)
	if err == nil {
		err = Check(body, t.values)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// CloseIdleConnections does so where next can.
func (t transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
