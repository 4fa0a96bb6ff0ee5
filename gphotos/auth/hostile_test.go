package auth

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// against returns credentials whose token endpoint is a server on a real socket.
func against(t *testing.T, server *httptest.Server) *Tokens {
	t.Helper()
	t.Cleanup(server.Close)
	store := NewStore(filepath.Join(t.TempDir(), "token.json"), nil)
	client := testClient(server.URL)
	err := store.Save(&Credentials{
		AccessToken: "ya29.old-secret", RefreshToken: "1//0-the-refresh-token", Expiry: time.Now().Add(-time.Hour),
		ClientID: client.ID, ClientSecret: client.Secret, TokenURI: client.TokenURI,
	})
	if err != nil {
		t.Fatal(err)
	}
	return NewTokens(Config{Client: client, Store: store})
}

// TestSecretsGoToTheirOwnEndpointOnly: a redirect is answered by an error, not
// by sending the secrets on.
func TestSecretsGoToTheirOwnEndpointOnly(t *testing.T) {
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		tokens := against(t, httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/token", status)))
		if _, err := tokens.Token(t.Context()); err == nil || strings.Contains(err.Error(), "the-refresh-token") {
			t.Errorf("refresh answered %d: %v", status, err)
		}
		if err := tokens.Revoke(t.Context()); err == nil || strings.Contains(err.Error(), "the-refresh-token") {
			t.Errorf("revocation answered %d: %v", status, err)
		}
	}
	_, login := newLogin(t)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/token", http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	page := login.Client.AuthURI
	login.Client = testClient(redirecting.URL)
	login.Client.AuthURI = page
	if _, err := login.Loopback(t.Context(), browser(t, nil)); err == nil {
		t.Error("a code was exchanged by redirect")
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// TestCodeIsWorthNothingWithoutItsVerifier: the authorization code that passes
// through the browser is bound to this process by PKCE.
func TestCodeIsWorthNothingWithoutItsVerifier(t *testing.T) {
	google, login := newLogin(t)
	begun := login.withDefaults().begin(pasteRedirect)
	page, err := url.Parse(begun.url())
	if err != nil {
		t.Fatal(err)
	}
	q := page.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) < 20 || strings.Contains(page.RawQuery, begun.verifier) {
		t.Errorf("the page asks with %v", q)
	}
	code := consent(t, google, page.String()).Query().Get("code")
	thief := login.withDefaults().begin(pasteRedirect) // has the code, not the verifier
	if _, err := thief.finish(t.Context(), code); err == nil {
		t.Error("a code was exchanged with another verifier")
	}
	if other := login.withDefaults().begin(pasteRedirect); other.state == begun.state || other.verifier == begun.verifier {
		t.Error("two logins share their secrets")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	block := bytes.Repeat([]byte("x"), 64<<10)
	for _, status := range []int{200, 400} {
		var written atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error_description":"`)
			for written.Load() < 1<<30 {
				n, err := w.Write(block)
				if written.Add(int64(n)); err != nil {
					return
				}
			}
		}))
		tokens := against(t, server)
		for name, err := range map[string]error{"revocation": tokens.Revoke(t.Context()), "refresh": refresh(t, tokens)} {
			if status != 200 && err == nil || err != nil && len(err.Error()) > 4<<10 {
				t.Errorf("%s with an endless answer %d: %.200v", name, status, err)
			}
		}
		server.Close() // waits for the handler
		if n := written.Load(); n > 64<<20 {
			t.Errorf("%d MiB of an endless answer %d were taken", n>>20, status)
		}
	}
}

func refresh(t *testing.T, tokens *Tokens) error {
	_, err := tokens.Token(t.Context())
	return err
}

func TestHeadersAreBounded(t *testing.T) {
	tokens := against(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for n := range 200 {
			w.Header().Set(fmt.Sprintf("X-Filler-%d", n), strings.Repeat("x", 1<<10))
		}
		fmt.Fprint(w, `{"access_token":"new","expires_in":3600}`)
	})))
	if err := refresh(t, tokens); err == nil {
		t.Error("a header of 200 KiB was taken")
	}
}
