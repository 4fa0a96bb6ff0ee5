package gopro

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/internal/transport"
)

// Defaults of [Options].
const (
	DefaultBaseURL  = "https://api.gopro.com"
	defaultImageURL = "https://images-01.gopro.com"
	defaultAgent    = "gondola"
)

// Options configure a Client. The zero Options lack credentials: set Token,
// Refresh or both.
type Options struct {
	// BaseURL is the API's root; default DefaultBaseURL. Plain http is accepted
	// for loopback addresses only.
	BaseURL string
	// ImageURL is the root of thumbnails; default GoPro's, or BaseURL if that
	// is not the default.
	ImageURL string
	// HTTP carries all requests, to the API and to the CDN; nil for transports of
	// the client's own. Only its Transport is used: no cookies, no other
	// redirects than the client allows, no limit on a whole transfer.
	HTTP *http.Client
	// Token is the access token, in any form that ParseToken reads.
	Token string
	// Refresh renews the access token; nil if only a person can.
	Refresh *OAuth
	// Logger logs each request; nil for none.
	Logger *slog.Logger
	// OnWait, if not nil, is called before each wait longer than a second. It is
	// called from the goroutine that waits.
	OnWait func(fault.Wait)
	// UserAgent names the program; default "gondola".
	UserAgent string
	// Retry bounds the repetition of API requests. Its Obey defaults to an hour.
	Retry fault.Retry
}

// LogValue leaves out the credentials.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("base_url", o.BaseURL), slog.String("user_agent", o.UserAgent))
}

// Client speaks the API of the GoPro cloud. It is safe for concurrent use.
type Client struct {
	base, images *url.URL
	auth         *auth
	api, cdn     *http.Client
	agent        string
	retry        retry.Policy
	onWait       func(fault.Wait)
	log          *slog.Logger
	origin       origin

	apiRequests, cdnRequests atomic.Int64
	apiRecess, cdnRecess     recess
}

// NewClient returns a client. Nothing is sent yet. Without credentials, or with a
// token that cannot be one, it returns a [fault.Error] with fault.Auth.
func NewClient(o Options) (*Client, error) {
	base, err := parseRoot(cmp.Or(o.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, fmt.Errorf("GoPro API root: %w", err)
	}
	images := base
	if o.ImageURL != "" || base.String() == DefaultBaseURL {
		if images, err = parseRoot(cmp.Or(o.ImageURL, defaultImageURL)); err != nil {
			return nil, fmt.Errorf("GoPro thumbnail root: %w", err)
		}
	}
	c := &Client{
		base:   base,
		images: images,
		agent:  cmp.Or(o.UserAgent, defaultAgent),
		onWait: o.OnWait,
		log:    cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
	}
	if c.onWait == nil {
		c.onWait = func(fault.Wait) {}
	}
	c.retry = retry.PolicyOf(o.Retry, c.onWait)
	if c.retry.Obey <= 0 {
		c.retry.Obey = longestRetryAfter
	}
	c.api, c.cdn = httpClients(o.HTTP)
	if c.auth, err = newAuth(c, o.Token, o.Refresh); err != nil {
		return nil, err
	}
	return c, nil
}

// Requests counts the requests sent so far: "gopro" to the API, "cdn" for bytes.
func (c *Client) Requests() map[string]int64 {
	return map[string]int64{"gopro": c.apiRequests.Load(), "cdn": c.cdnRequests.Load()}
}

// parseRoot reads the root of a service.
func parseRoot(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("want an address such as " + DefaultBaseURL)
	}
	return u, checkScheme(u)
}

// checkScheme refuses what would send secrets in the clear.
func checkScheme(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%s://%s: only https is accepted, and http for loopback addresses", u.Scheme, u.Host)
}

// checkStep refuses a redirect from https to plain http, also to a loopback
// address: a remote service does not choose those.
func checkStep(from, to *url.URL) error {
	if from.Scheme == "https" && to.Scheme != "https" {
		return fmt.Errorf("%s://%s: only https is accepted from %s", to.Scheme, to.Host, from.Host)
	}
	return checkScheme(to)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// maxRedirects is how many redirects of the CDN are followed.
const maxRedirects = 5

// httpClients returns the client for the API, which follows no redirect, and
// the one for the CDN, which never sees a credential of the API.
func httpClients(given *http.Client) (api, cdn *http.Client) {
	api = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	cdn = &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		req.Header.Del("Referer") // it would carry the signature on
		return checkStep(via[0].URL, req.URL)
	}}
	if given != nil && given.Transport != nil {
		api.Transport, cdn.Transport = given.Transport, given.Transport
		return api, cdn
	}
	api.Transport, cdn.Transport = transport.New(), transport.NewHTTP1()
	return api, cdn
}
