package auth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/transport"
)

// Config is what talking to Google about an account takes.
type Config struct {
	// Client is the OAuth client. Only [Tokens] can do without: nil is then the
	// client that the token file names.
	Client *Client
	// Store keeps the credentials; required.
	Store *Store
	// HTTP sends the requests; nil is a client of its own. Redirects are never
	// followed, since the requests hold secrets.
	HTTP *http.Client
	// Logger logs what happens, without secrets; nil discards it.
	Logger *slog.Logger
}

const (
	callTimeout    = time.Minute // for one request to an endpoint
	maxHeaderBytes = 64 << 10    // of an answer
	// defaultLife is assumed of an access token that comes without one.
	defaultLife = time.Hour
)

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var h http.Client
	if c.HTTP != nil {
		h = *c.HTTP
	}
	if h.Transport == nil {
		h.Transport = newTransport()
	}
	// The library reads answers whole, and decodes them without a limit.
	h.Transport = jsonlimit.Transport(h.Transport, maxAnswer, maxValues)
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &h
	return c
}

func newTransport() http.RoundTripper {
	t := transport.New()
	t.DisableKeepAlives = true // there is one request an hour
	return t
}

// call returns a context for one request to an endpoint.
func (c Config) call(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	return context.WithValue(ctx, oauth2.HTTPClient, c.HTTP), cancel
}

// take copies an answer of the token endpoint into the credentials.
func (c *Credentials) take(answer *oauth2.Token, now time.Time) {
	c.AccessToken = answer.AccessToken
	c.Expiry = now.Add(lifeOf(answer)).UTC()
	if answer.RefreshToken != "" {
		c.RefreshToken = answer.RefreshToken
	}
	if scope, ok := answer.Extra("scope").(string); ok && scope != "" {
		c.Scopes = strings.Fields(scope)
	}
	if seconds, ok := answer.Extra("refresh_token_expires_in").(float64); ok && seconds > 0 && seconds < 1e9 {
		c.RefreshExpiry = now.Add(time.Duration(seconds) * time.Second).UTC()
	}
}

// lifeOf is how long an access token lives from now on.
func lifeOf(answer *oauth2.Token) time.Duration {
	if answer.ExpiresIn <= 0 {
		return defaultLife
	}
	return time.Duration(answer.ExpiresIn) * time.Second
}
