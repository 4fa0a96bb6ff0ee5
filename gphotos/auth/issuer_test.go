package auth

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
)

// recorder is a service that must not be asked anything.
type recorder struct{ asked []string }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.asked = append(r.asked, req.URL.String())
	return nil, http.ErrHandlerTimeout
}

// Tokens go to the token endpoint that is recorded with them, whatever endpoint
// the client file names: to refresh, to ask for the status and to revoke.
func TestTokensGoToTheirOwnEndpointOnly(t *testing.T) {
	const (
		google  = "https://oauth2.googleapis.com/token"
		legacy  = "https://accounts.google.com/o/oauth2/token"
		foreign = "https://tokens.example/token"
	)
	uses := map[string]func(*Tokens, context.Context) error{
		"Token":  func(tokens *Tokens, ctx context.Context) error { _, err := tokens.Token(ctx); return err },
		"Status": func(tokens *Tokens, ctx context.Context) error { _, err := tokens.Status(ctx, true); return err },
		"Revoke": (*Tokens).Revoke,
	}
	for _, tc := range []struct {
		recorded, client string
		refused          bool
	}{
		{google, google, false},
		{google, legacy, false},
		{legacy, google, false},
		{"", google, false},
		{foreign, foreign, false},
		{google, foreign, true},
		{"", foreign, true},
		{foreign, google, true},
		{google, "https://oauth2.googleapis.com.example/token", true},
		{google, "https://oauth2.googleapis.com/other", true},
		{google, "https://other.googleapis.com/token", true},
		{google, "http://127.0.0.1:1/token", true},
		{"http://127.0.0.1:1/token", "http://127.0.0.1:2/token", true},
	} {
		for name, use := range uses {
			f, asked := newFixture(t), &recorder{}
			f.cfg.HTTP, f.cfg.Client.TokenURI = &http.Client{Transport: asked}, tc.client
			secret := f.write(t, map[string]any{"token_uri": tc.recorded})
			err := use(NewTokens(f.cfg), t.Context())
			if err == nil || (fault.CodeOf(err) == fault.Auth && fault.ClassOf(err) == fault.Session) != tc.refused {
				t.Errorf("%s: recorded %q, client %q: %v", name, tc.recorded, tc.client, err)
			}
			if (len(asked.asked) == 0) != tc.refused {
				t.Errorf("%s: recorded %q, client %q: asked %q", name, tc.recorded, tc.client, asked.asked)
			}
			if text := everything(err) + f.log.String(); strings.Contains(text, secret) {
				t.Errorf("%s tells the refresh token", name)
			}
		}
	}
}
