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

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/transport"
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
		class     fault.Class
		code      string
		says      string
		hint      string
	}{
		{"revoked", answer(400, "invalid_grant", "Token has been expired or revoked."), fault.Session, fault.Auth, "expired or revoked", "Testing"},
		{"wrong client", answer(401, "invalid_client", "Unauthorized"), fault.Session, fault.Auth, "invalid_client", "client_secret.json"},
		{"deleted client", answer(401, "deleted_client", ""), fault.Session, fault.Auth, "deleted_client", "restore"},
		{"wrong type", answer(400, "unauthorized_client", ""), fault.Session, fault.Auth, "unauthorized_client", "Desktop app"},
		{"policy", answer(400, "admin_policy_enforced", ""), fault.Session, fault.Auth, "admin_policy_enforced", "administrator"},
		{"unknown", answer(400, "strange_thing", ""), fault.Session, fault.Auth, "strange_thing", "run: gondola login google"},
		{"wrong endpoint", answer(404, "", ""), fault.Session, fault.Protocol, "404", "token_uri"},
		{"proxy wants a login", answer(407, "", ""), fault.Session, fault.Unreachable, "407", "user and password in HTTPS_PROXY"},
		{"turned away", answer(403, "", ""), fault.Session, fault.Unreachable, "403", "proxy or firewall"},
		{"refused by Google", answer(403, "access_denied", ""), fault.Session, fault.Auth, "access_denied", "run: gondola login google"},
		{"rate", answer(429, "", ""), fault.Transient, fault.Rate, "429", ""},
		{"server", answer(503, "", ""), fault.Transient, fault.Server, "503", ""},
		{"server says so", answer(400, "internal_failure", ""), fault.Transient, fault.Server, "internal_failure", ""},
		{"timeout", answer(408, "", ""), fault.Transient, fault.Server, "408", ""},
		{"portal", func(w http.ResponseWriter, _ *http.Request) bool { w.Write([]byte("<html>")); return true },
			fault.Transient, fault.Protocol, "no token", ""},
		{"redirect", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusTemporaryRedirect)
			return true
		}, fault.Session, fault.Protocol, "307", "token_uri"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, nil)
			f.google.intercept = tc.intercept
			_, err := NewTokens(f.cfg).Token(t.Context())
			failure, ok := errors.AsType[*fault.Error](err)
			if !ok {
				t.Fatalf("Token = %v, want a fault", err)
			}
			if failure.Class != tc.class || failure.Code != tc.code {
				t.Errorf("class %s, code %s, want %s, %s", failure.Class, failure.Code, tc.class, tc.code)
			}
			if !strings.Contains(err.Error(), tc.says) || !strings.Contains(failure.Hint, tc.hint) || (failure.Hint == "") != (tc.hint == "") {
				t.Errorf("error %q with hint %q, want %q and %q in them", err, failure.Hint, tc.says, tc.hint)
			}
			if want := 7 * time.Second; tc.name == "rate" && failure.RetryAfter != want {
				t.Errorf("retry after %v, want %v", failure.RetryAfter, want)
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
	if fault.ClassOf(err) != fault.Transient || fault.CodeOf(err) != fault.Unreachable {
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
		if fault.ClassOf(got) != fault.Session || fault.CodeOf(got) != fault.Unreachable || !strings.Contains(fault.HintOf(got), hint) {
			t.Errorf("Token = %v (%s, %q), want a final fault with the hint %q", got, fault.ClassOf(got), fault.HintOf(got), hint)
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
		if fault.ClassOf(err) != fault.Transient || time.Since(start) != callTimeout {
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
