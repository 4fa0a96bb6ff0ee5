package auth

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/media"
)

func TestTokenErrors(t *testing.T) {
	answer := func(status int, code, description string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "7")
			oauthError(w, status, code, description)
			return true
		}
	}
	for _, tc := range []struct {
		name      string
		intercept func(http.ResponseWriter, *http.Request) bool
		class     media.Class
		code      string
		says      string
		hint      string
	}{
		{"revoked", answer(400, "invalid_grant", "Token has been expired or revoked."), media.SessionWide, media.CodeAuth, "expired or revoked", "Testing"},
		{"wrong client", answer(401, "invalid_client", "Unauthorized"), media.SessionWide, media.CodeAuth, "invalid_client", "client_secret.json"},
		{"deleted client", answer(401, "deleted_client", ""), media.SessionWide, media.CodeAuth, "deleted_client", "restore"},
		{"wrong type", answer(400, "unauthorized_client", ""), media.SessionWide, media.CodeAuth, "unauthorized_client", "Desktop app"},
		{"policy", answer(400, "admin_policy_enforced", ""), media.SessionWide, media.CodeAuth, "admin_policy_enforced", "administrator"},
		{"unknown", answer(400, "strange_thing", ""), media.SessionWide, media.CodeAuth, "strange_thing", "gondola login google"},
		{"wrong endpoint", answer(404, "", ""), media.SessionWide, media.CodeProtocol, "404", "token_uri"},
		{"proxy wants a login", answer(407, "", ""), media.SessionWide, media.CodeUnreachable, "407", "user and password in HTTPS_PROXY"},
		{"turned away", answer(403, "", ""), media.SessionWide, media.CodeUnreachable, "403", "proxy or firewall"},
		{"refused by Google", answer(403, "access_denied", ""), media.SessionWide, media.CodeAuth, "access_denied", "gondola login google"},
		{"rate", answer(429, "", ""), media.Transient, media.CodeRate, "429", ""},
		{"server", answer(503, "", ""), media.Transient, media.CodeServer, "503", ""},
		{"server says so", answer(400, "internal_failure", ""), media.Transient, media.CodeServer, "internal_failure", ""},
		{"timeout", answer(408, "", ""), media.Transient, media.CodeServer, "408", ""},
		{"portal", func(w http.ResponseWriter, _ *http.Request) bool { w.Write([]byte("<html>")); return true },
			media.Transient, media.CodeProtocol, "no token", ""},
		{"redirect", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusTemporaryRedirect)
			return true
		}, media.SessionWide, media.CodeProtocol, "307", "token_uri"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, nil)
			f.google.intercept = tc.intercept
			_, err := NewTokens(f.cfg).Token(t.Context())
			fault, ok := errors.AsType[*media.Fault](err)
			if !ok {
				t.Fatalf("Token = %v, want a fault", err)
			}
			if fault.Class != tc.class || fault.Code != tc.code {
				t.Errorf("class %s, code %s, want %s, %s", fault.Class, fault.Code, tc.class, tc.code)
			}
			if !strings.Contains(err.Error(), tc.says) || !strings.Contains(fault.Hint, tc.hint) || (fault.Hint == "") != (tc.hint == "") {
				t.Errorf("error %q with hint %q, want %q and %q in them", err, fault.Hint, tc.says, tc.hint)
			}
			if want := 7 * time.Second; tc.name == "rate" && fault.RetryAfter != want {
				t.Errorf("retry after %v, want %v", fault.RetryAfter, want)
			}
		})
	}
}

type brokenLine struct{}

func (brokenLine) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("network is unreachable")}
}

func TestUnreachableIsTransient(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	f.cfg.HTTP = &http.Client{Transport: brokenLine{}}
	_, err := NewTokens(f.cfg).Token(t.Context())
	if media.ClassOf(err) != media.Transient || media.CodeOf(err) != media.CodeUnreachable {
		t.Errorf("Token = %v, want Transient and unreachable", err)
	}
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Error("the cause is lost")
	}
}

func TestUnusableLineIsFinal(t *testing.T) {
	for hint, err := range map[string]error{
		"intercept":            x509.UnknownAuthorityError{},
		"percent-encoded":      &transport.VariableError{Name: "HTTPS_PROXY"},
		"user and password in": &transport.RefusalError{Proxy: "proxy:3128", Status: 407},
	} {
		f := newFixture(t)
		f.write(t, nil)
		f.cfg.HTTP = &http.Client{Transport: failing{err}}
		_, got := NewTokens(f.cfg).Token(t.Context())
		if media.ClassOf(got) != media.SessionWide || media.CodeOf(got) != media.CodeUnreachable || !strings.Contains(media.HintOf(got), hint) {
			t.Errorf("Token = %v (%s, %q), want a final fault with the hint %q", got, media.ClassOf(got), media.HintOf(got), hint)
		}
	}
}

// failing is a line on which every request fails.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestSilentEndpointIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, nil)
		f.google.intercept = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
		start := time.Now()
		_, err := NewTokens(f.cfg).Token(t.Context())
		if media.ClassOf(err) != media.Transient || time.Since(start) != callTimeout {
			t.Errorf("Token = %v after %v, want Transient after %v", err, time.Since(start), callTimeout)
		}
	})
}

func TestErrorsAndLogsLeakNothing(t *testing.T) {
	for _, kind := range []string{"description", "body", "form"} {
		f := newFixture(t)
		refresh := f.write(t, map[string]any{"token": "ya29.old-secret"})
		f.google.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			form, _ := readForm(r)
			switch kind {
			case "description":
				oauthError(w, 400, "invalid_grant", "you sent "+form.Encode()+" "+form.Get("refresh_token")+"\x1b[31m"+strings.Repeat("x", 5000))
			case "body":
				w.WriteHeader(http.StatusBadGateway)
				w.Write([]byte(form.Get("client_secret") + form.Get("refresh_token")))
			case "form":
				w.Header().Set("Content-Type", "text/plain")
				w.Write([]byte("access_token=%" + form.Get("client_secret") + form.Get("refresh_token")))
			}
			return true
		}
		tokens := NewTokens(f.cfg)
		_, err := tokens.Token(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		f.cfg.Logger.Info("all", "tokens", tokens, "client", f.cfg.Client, "error", err)
		c, loadErr := f.store.Load()
		if loadErr != nil {
			t.Fatal(loadErr)
		}
		f.cfg.Logger.Info("all", "credentials", c, "value", *c)
		noSecrets(t, everything(err)+f.log.String(), refresh, "ya29.old-secret")
		if len(err.Error()) > 600 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("error is %d bytes long or holds control characters: %q", len(err.Error()), err)
		}
	}
}
