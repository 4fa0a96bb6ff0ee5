package gphotos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/resumable"
)

const (
	maxJSON   = 4 << 20 // bytes of an answer that are read: a page has some hundred kilobytes
	maxValues = 20_000  // in it, all levels counted: a page has some 1,500
)

// call is one JSON request.
type call struct {
	op      string // what is tried, for errors
	method  string
	path    string
	query   url.Values
	in      any      // marshalled as the body; nil for none
	secrets []string // in it; no refusal repeats them
	write   bool
	once    func(error) bool // if not nil, failures that are not worth another attempt
}

// reply is a decoded answer and the document it came as.
type reply[T any] struct {
	value T
	raw   []byte
	// unsure is set when an earlier attempt got no answer: it may have done
	// what this one was asked to do.
	unsure bool
}

// fetch makes a call until it is answered, or the failure is final or the
// retry policy exhausted. Its errors are *fault.Error or the cause of ctx.
func fetch[T any](ctx context.Context, c *Client, r call) (reply[T], error) {
	var out reply[T]
	attempt := func(ctx context.Context) error {
		if r.write {
			leave, err := c.enter(ctx)
			if err != nil {
				return err
			}
			defer leave()
		}
		raw, err := c.send(ctx, r)
		if err != nil {
			out.unsure = out.unsure || mayHaveArrived(err)
			return c.fault(ctx, r.op, err)
		}
		var value T
		if err := jsonlimit.Unmarshal(raw, &value, maxValues); err != nil {
			out.unsure = true
			return c.fault(ctx, r.op, &malformedError{err})
		}
		out.value, out.raw = value, raw
		return nil
	}
	var final error
	run := func() error {
		return retry.Do(ctx, c.retry, func(ctx context.Context) error {
			err := attempt(ctx)
			if r.once != nil && r.once(err) {
				final = err
				return nil
			}
			return err
		})
	}
	var err error
	if r.write && c.gate == nil {
		err = c.writes.alone(ctx, run)
	} else {
		err = run()
	}
	return out, cmp.Or(err, final)
}

// mayHaveArrived reports whether a call that failed may have been carried out:
// it was sent and not answered. Without an access token it was not sent.
func mayHaveArrived(err error) bool {
	_, answered := errors.AsType[*resumable.StatusError](err)
	_, unsent := errors.AsType[*fault.Error](err)
	return !answered && !unsent
}

// malformedError is a healthy answer whose body cannot be read.
type malformedError struct{ err error }

func (e *malformedError) Error() string { return "answer is not the JSON it should be" }
func (e *malformedError) Unwrap() error { return e.err }

// send makes one call, and another if the access token was refused.
func (c *Client) send(ctx context.Context, r call) ([]byte, error) {
	body, err := c.sendOnce(ctx, r)
	if e, ok := errors.AsType[*resumable.StatusError](err); ok && e.HTTP == http.StatusUnauthorized {
		return c.sendOnce(ctx, r)
	}
	return body, err
}

var errNoAnswer = errors.New("no answer in time")

func (c *Client) sendOnce(ctx context.Context, r call) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errNoAnswer)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	resp, err := c.json.Do(req)
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer resp.Body.Close()
	body, err := jsonlimit.Read(resp.Body, maxJSON)
	c.log.DebugContext(ctx, "google photos call", "op", r.op, "method", r.method, "status", resp.StatusCode, "took", time.Since(began))
	if resp.StatusCode/100 != 2 {
		return nil, resumable.DecodeError("", resp.StatusCode, resp.Header, withoutSecrets(body, r.secrets...))
	}
	switch {
	case errors.Is(err, jsonlimit.ErrTooLarge):
		return nil, &malformedError{err}
	case err != nil:
		return nil, cause(ctx, err)
	}
	return body, nil
}

func (c *Client) request(ctx context.Context, r call) (*http.Request, error) {
	var body io.Reader
	if r.in != nil {
		b, err := json.Marshal(r.in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.url(r.path, r.query), body)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Accept", "application/json")
	if r.in != nil {
		req.Header.Set("Content-Type", "application/json")
		req.GetBody = nil // a write that may have arrived is repeated by us or not at all
	}
	return req, nil
}

// cause names the timeout that ended a call, and keeps URLs out of errors.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); errors.Is(c, errNoAnswer) {
		return errNoAnswer
	}
	return withoutURL(err)
}

func withoutURL(err error) error {
	for {
		u, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = u.Err
	}
}
