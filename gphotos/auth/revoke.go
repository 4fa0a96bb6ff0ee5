package auth

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
)

const maxAnswer = 64 << 10 // bytes of body

// Revoke gives the right to use the account back to Google and removes the
// tokens from the file. What identifies the account stays in it, so that a
// later login to the same account is recognized. Tokens that Google no longer
// knows count as revoked.
func (t *Tokens) Revoke(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c, err := t.cfg.Store.Load()
	if err != nil {
		return err
	}
	token := c.RefreshToken
	if token == "" {
		token = c.AccessToken
	}
	if token != "" {
		if err := t.revoke(ctx, c, token); err != nil {
			return err
		}
	}
	t.mu.Lock()
	t.current, t.seen, t.rejected, t.unsaved = nil, nil, "", false
	t.mu.Unlock()
	return t.cfg.Store.update(func(disk *Credentials) bool {
		if disk.RefreshToken != c.RefreshToken {
			return false // another login meanwhile
		}
		disk.AccessToken, disk.RefreshToken = "", ""
		disk.Expiry, disk.RefreshExpiry = time.Time{}, time.Time{}
		return true
	})
}

func (t *Tokens) revoke(ctx context.Context, c *Credentials, token string) error {
	client, err := t.client(c)
	if err != nil {
		return err
	}
	callCtx, cancel := t.cfg.call(ctx)
	defer cancel()
	body := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(callCtx, http.MethodPost, client.revokeURI(), body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := t.cfg.HTTP.Do(req)
	if err == nil {
		defer resp.Body.Close()
		err = revokeAnswer(resp)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := newFault("revoke the Google login at "+req.URL.Host, err, token, client.Secret)
	if f.Class == fault.Session {
		f.Hint = "remove the app at https://myaccount.google.com/permissions"
	}
	return f
}

// revokeAnswer returns nil if the token is dead, and otherwise an
// *oauth2.RetrieveError.
func revokeAnswer(resp *http.Response) error {
	var answer struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	// An answer that is not JSON is judged by its status.
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer)
	if resp.StatusCode == http.StatusOK || answer.Code == "invalid_token" {
		return nil
	}
	return &oauth2.RetrieveError{Response: resp, ErrorCode: answer.Code, ErrorDescription: answer.Description}
}
