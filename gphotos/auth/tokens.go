package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Tokens hands out access tokens. It is safe for concurrent use. The first use
// reads the store; until then nothing is read or sent.
type Tokens struct {
	cfg    Config
	flight singleflight.Group

	mu       sync.Mutex    // guards what follows; never held while waiting
	current  *Credentials  // nil before the first use; replaced, never changed
	margin   time.Duration // how early current's access token is replaced
	rejected string        // access token that is not to be used any more
	seen     *Credentials  // what the file said last
	unsaved  bool          // current is newer than seen
	saveErr  error         // why it could not be saved
	warned   bool          // of that
}

// NewTokens returns the tokens that cfg.Store keeps.
func NewTokens(cfg Config) *Tokens {
	return &Tokens{cfg: cfg.withDefaults(), margin: earlyRefresh}
}

// LogValue keeps the tokens out of logs.
func (t *Tokens) LogValue() slog.Value { return slog.StringValue("tokens of " + t.cfg.Store.Path()) }

// Token returns an access token with a few minutes left to live, refreshing
// and saving it when needed. Concurrent callers share one refresh, which goes
// on when the ctx of one of them ends; that caller gets ctx's cause.
//
// Credentials that are missing or no longer accepted are a fault of class Session
// with code [fault.Auth] and a hint what to do. Other failures are
// Transient, but for those of the connection that only a person can mend. A
// token file that cannot be written is no failure: the new tokens are kept in
// memory, with one warning.
//
// Processes that share the file refresh one at a time: the file's lock is held
// over the exchange, and who waited for it finds the new token in the file.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if token, ok := t.cached(); ok {
		return token, nil
	}
	done := t.flight.DoChan("", func() (any, error) { return t.renew(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case r := <-done:
		return r.Val.(string), r.Err
	}
}

// Invalidate records that the service has rejected an access token, so that the
// next Token returns another one. A token that is no longer the current one is
// ignored.
func (t *Tokens) Invalidate(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil && t.current.AccessToken == token {
		t.rejected = token
	}
}

// Account returns the 16 hex digits that stand for the Google account, the
// same in every run. It fails as [Store.Load] does.
func (t *Tokens) Account(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	c, err := t.credentials()
	if err != nil {
		return "", err
	}
	if c.Account == "" {
		return "", t.refuse("the file holds no refresh token", loginHint)
	}
	return c.Account, nil
}

// credentials returns the current credentials, which the file provides at
// first use.
func (t *Tokens) credentials() (*Credentials, error) {
	t.mu.Lock()
	current := t.current
	t.mu.Unlock()
	if current != nil {
		return current, nil
	}
	disk, err := t.cfg.Store.Load()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		t.current, t.seen = disk, disk
	}
	return t.current, nil
}

func (t *Tokens) cached() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.alive(t.margin) {
		return "", false
	}
	return t.current.AccessToken, true
}

// alive reports whether the current access token can be used for d from now.
// The caller holds mu.
func (t *Tokens) alive(d time.Duration) bool {
	c := t.current
	return c != nil && c.AccessToken != "" && c.AccessToken != t.rejected && time.Now().Add(d).Before(c.Expiry)
}
