package gphotos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/station"
)

// DefaultBaseURL is where Google serves the API.
const DefaultBaseURL = "https://photoslibrary.googleapis.com"

// TokenSource hands out access tokens.
type TokenSource interface {
	// Token returns a token that is valid now. Its errors are fault.Errors.
	Token(ctx context.Context) (string, error)
	// Invalidate is called with a token that the service refused.
	Invalidate(token string)
}

// accountSource is implemented by a [TokenSource] that knows its account.
type accountSource interface {
	// Account returns what stands for the account, the same in every run.
	Account(ctx context.Context) (string, error)
}

// Options configure a Client. Only Tokens is required.
type Options struct {
	// BaseURL is the root of the API; default DefaultBaseURL. It must be https,
	// except on a loopback address.
	BaseURL string
	// HTTP sends the requests; nil means a client of our own. Only its
	// Transport is used: redirects are not followed, and timeouts are ours.
	HTTP      *http.Client
	Tokens    TokenSource
	Logger    *slog.Logger // nil: nothing is logged
	UserAgent string       // default "gondola"
	// OnWait, if not nil, is called before each wait longer than a second. It
	// is called from the goroutine that waits.
	OnWait func(fault.Wait)
	// Retry bounds the repetition of JSON calls.
	Retry fault.Retry
	// WritesPerMinute is the most write calls in any minute; default 30, what
	// the service allows.
	WritesPerMinute int
	// Timeout bounds one JSON call; default 180 s. Uploads have no time limit,
	// but end when nothing moves.
	Timeout time.Duration
	// Sizing chooses the lengths of upload segments.
	Sizing resumable.Sizing
	// Now is the clock that ages of tokens are measured by; nil means time.Now.
	Now func() time.Time
}

// Client is the Google Photos Library API for one account. It is safe for
// concurrent use.
type Client struct {
	base     *url.URL
	tokens   TokenSource
	json     *http.Client
	protocol *resumable.XGoogUpload
	uploader *resumable.Uploader
	log      *slog.Logger
	onWait   func(fault.Wait)
	retry    retry.Policy
	timeout  time.Duration
	now      func() time.Time
	writes   *pacer
	gate     station.WriteGate // nil for none

	jsonRequests   *atomic.Int64
	uploadRequests *atomic.Int64
}

// NewClient returns a client, or an error for options that cannot work.
func NewClient(o Options) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(cmp.Or(o.BaseURL, DefaultBaseURL), "/"))
	if err != nil {
		return nil, errors.New("the Google Photos URL cannot be read")
	}
	if err := checkBase(base); err != nil {
		return nil, err
	}
	if o.Tokens == nil {
		return nil, errors.New("a Google Photos client needs tokens")
	}
	c := &Client{
		base:    base,
		tokens:  o.Tokens,
		log:     cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		onWait:  o.OnWait,
		retry:   retry.PolicyOf(o.Retry, o.OnWait),
		timeout: cmp.Or(o.Timeout, 180*time.Second),
		now:     o.Now,

		jsonRequests:   new(atomic.Int64),
		uploadRequests: new(atomic.Int64),
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.writes = newPacer(max(cmp.Or(o.WritesPerMinute, 30), 1), o.OnWait)
	var pool http.RoundTripper = transport.NewHTTP1() // one for all calls
	if o.HTTP != nil && o.HTTP.Transport != nil {
		pool = o.HTTP.Transport
	}
	c.json = c.newHTTP(o, pool, c.jsonRequests)
	c.protocol = &resumable.XGoogUpload{URL: c.url("/v1/uploads", nil), Client: c.newHTTP(o, pool, c.uploadRequests)}
	c.uploader = &resumable.Uploader{Protocol: c.protocol, Sizing: o.Sizing, OnWait: c.announce}
	return c, nil
}

func checkBase(u *url.URL) error {
	switch {
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the Google Photos URL %q is not the root of an API", u.Redacted())
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u)):
		return fmt.Errorf("the Google Photos URL %q must be https: plain http is for loopback addresses", u.Redacted())
	}
	return nil
}

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Client) newHTTP(o Options, base http.RoundTripper, count *atomic.Int64) *http.Client {
	return &http.Client{
		Transport: &authorized{
			base:   base,
			tokens: o.Tokens,
			home:   c.base,
			agent:  cmp.Or(o.UserAgent, "gondola"),
			count:  count,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// through returns the client with its writes going through a gate as well.
func (c *Client) through(g station.WriteGate) *Client {
	gated := *c
	gated.gate = g
	return &gated
}

// url returns the URL of an escaped path.
func (c *Client) url(path string, query url.Values) string {
	u := c.base.String() + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	return u
}

func (c *Client) announce(reason error, until time.Time) {
	if c.onWait != nil {
		c.onWait(fault.Wait{Reason: reason.Error(), Until: until})
	}
}

// Requests returns how many requests were sent so far, by kind: "gphotos_json"
// and "gphotos_upload".
func (c *Client) Requests() map[string]int64 {
	return map[string]int64{
		"gphotos_json":   c.jsonRequests.Load(),
		"gphotos_upload": c.uploadRequests.Load(),
	}
}
