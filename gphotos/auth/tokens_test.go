package auth

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
)

func mustToken(t *testing.T, tokens *Tokens) string {
	t.Helper()
	token, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestTokenIsCachedAndRefreshedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, map[string]any{"token": "ya29.old", "expiry": time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)})
		tokens := NewTokens(f.cfg)
		if got := mustToken(t, tokens); got != "ya29.old" {
			t.Errorf("token = %q, want the one of the file", got)
		}
		time.Sleep(6 * time.Minute)
		if got := mustToken(t, tokens); got != "ya29.old" {
			t.Errorf("token with 4 min to live = %q, want the one of the file", got)
		}
		time.Sleep(16 * time.Second)
		second := mustToken(t, tokens)
		if second == "ya29.old" {
			t.Error("token with less than 3 min 45 s to live was not refreshed")
		}
		time.Sleep(3599*time.Second - earlyRefresh - time.Second)
		if got := mustToken(t, tokens); got != second {
			t.Error("token was refreshed too early")
		}
		time.Sleep(2 * time.Second)
		if got := mustToken(t, tokens); got == second {
			t.Error("token was not refreshed in time")
		}
		if got := f.google.count(); got != 2 {
			t.Errorf("%d refreshes, want 2", got)
		}
	})
}

func TestShortLivedTokensAreNotRefreshedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.google.life = 60
		f.write(t, nil)
		tokens := NewTokens(f.cfg)
		for range 10 {
			mustToken(t, tokens)
			time.Sleep(4 * time.Second)
		}
		if got := f.google.count(); got != 1 {
			t.Errorf("%d refreshes in 40 s of 60 s tokens, want 1", got)
		}
	})
}

func TestConcurrentCallersShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, nil)
		f.google.intercept = func(http.ResponseWriter, *http.Request) bool { time.Sleep(5 * time.Second); return false }
		tokens := NewTokens(f.cfg)

		leave := errors.New("I leave")
		ctx, cancel := context.WithCancelCause(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() { // starts the refresh, and does not wait for it
			if _, err := tokens.Token(ctx); !errors.Is(err, leave) {
				t.Errorf("caller that left got %v, want its cause", err)
			}
		})
		synctest.Wait()
		got := make([]string, 50)
		for i := range got {
			callers.Go(func() { got[i] = mustToken(t, tokens) })
		}
		time.Sleep(time.Second)
		start := time.Now()
		cancel(leave)
		callers.Wait()
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("the others waited %v, want 4s", took)
		}
		for _, token := range got {
			if token == "" || token != got[0] {
				t.Fatalf("callers got %q", got)
			}
		}
		if n := f.google.count(); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
}

func TestInvalidate(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	tokens := NewTokens(f.cfg)
	tokens.Invalidate("ya29.before-any")
	first := mustToken(t, tokens)
	tokens.Invalidate("ya29.other")
	if got := mustToken(t, tokens); got != first {
		t.Error("a foreign token invalidated the current one")
	}
	tokens.Invalidate(first)
	second := mustToken(t, tokens)
	if second == first {
		t.Error("the rejected token was handed out again")
	}
	tokens.Invalidate(first)
	if got := mustToken(t, tokens); got != second {
		t.Error("a late Invalidate of an old token cost the new one")
	}
}

func TestRefreshOfAnotherProcessIsNoticed(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	ours, theirs := NewTokens(f.cfg), NewTokens(f.cfg)
	first := mustToken(t, ours)
	if got := mustToken(t, theirs); got != first {
		t.Error("the other process did not take the token of the file")
	}
	ours.Invalidate(first)
	second := mustToken(t, ours)
	theirs.Invalidate(first)
	if got := mustToken(t, theirs); got != second {
		t.Error("the other process refreshed although the file had a new token")
	}
	if got := f.google.count(); got != 2 {
		t.Errorf("%d refreshes, want 2", got)
	}
}

func TestNewRefreshTokenIsStored(t *testing.T) {
	f := newFixture(t)
	old := f.write(t, nil)
	f.google.rotate = true
	tokens := NewTokens(f.cfg)
	tokens.Invalidate(mustToken(t, tokens))
	mustToken(t, tokens) // with the refresh token that the first refresh brought
	c, err := f.store.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c.RefreshToken == old || c.RefreshToken == "" {
		t.Error("the new refresh token is not in the file")
	}
	if c.Account != derivedAccount(old) {
		t.Errorf("account = %s, want %s of the first refresh token", c.Account, derivedAccount(old))
	}
}

func TestFailedSaveNamesTheFileAndIsTriedAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a directory in the file's way")
	}
	f := newFixture(t)
	f.write(t, nil)
	f.google.rotate = true
	before := readTestFile(t, f.store.Path())
	lock := f.store.Path() + ".lock"
	if err := os.Mkdir(lock, 0o700); err != nil { // no file can be opened for writing there
		t.Fatal(err)
	}
	tokens := NewTokens(f.cfg)
	_, err := tokens.Token(t.Context())
	if media.ClassOf(err) != media.SessionWide || media.CodeOf(err) != media.CodeAuth || !strings.Contains(err.Error(), f.store.Path()) {
		t.Errorf("Token = %v, want a SessionWide fault that names the file", err)
	}
	if got := readTestFile(t, f.store.Path()); got != before {
		t.Error("the file changed although it could not be saved")
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	mustToken(t, tokens) // would be invalid_grant had the rotated refresh token been lost
	if got := f.google.count(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.store.Path()), "*.tmp")); len(left) > 0 {
		t.Errorf("temporary files left: %q", left)
	}
}

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

func TestOldTokenServesWhileRefreshFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, map[string]any{"token": "ya29.old", "expiry": time.Now().Add(time.Minute).UTC().Format(time.RFC3339)})
		f.google.intercept = func(w http.ResponseWriter, _ *http.Request) bool { oauthError(w, 503, "", ""); return true }
		tokens := NewTokens(f.cfg)
		if got := mustToken(t, tokens); got != "ya29.old" {
			t.Errorf("token = %q, want the old one, which lives for a minute", got)
		}
		tokens.Invalidate("ya29.old")
		if _, err := tokens.Token(t.Context()); media.ClassOf(err) != media.Transient || err == nil {
			t.Errorf("Token after Invalidate = %v, want the transient failure", err)
		}
	})
}

func TestTokenFileThatCannotServe(t *testing.T) {
	for _, tc := range []struct {
		name string
		more map[string]any
		says string
	}{
		{"other client", map[string]any{"client_id": "other"}, "another OAuth client"},
		{"no refresh token", map[string]any{"refresh_token": "", "token": "ya29.x"}, "no refresh token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, tc.more)
			_, err := NewTokens(f.cfg).Token(t.Context())
			if media.ClassOf(err) != media.SessionWide || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Token = %v, want a SessionWide fault saying %q", err, tc.says)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		f := newFixture(t)
		_, err := NewTokens(f.cfg).Token(t.Context())
		if !errors.Is(err, os.ErrNotExist) || media.CodeOf(err) != media.CodeAuth {
			t.Errorf("Token = %v, want a fault with code auth that is ErrNotExist", err)
		}
	})
}

func TestAnotherAccountIsNotTakenOver(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	tokens := NewTokens(f.cfg)
	tokens.Invalidate(mustToken(t, tokens))
	f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef"}})
	if _, err := tokens.Token(t.Context()); media.ClassOf(err) != media.SessionWide || err == nil || !strings.Contains(err.Error(), "another Google account") {
		t.Errorf("Token = %v, want a SessionWide fault", err)
	}
}

func TestLoginDuringRefreshWins(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	id := map[string]any{"account": "0123456789abcdef"}
	f.write(t, map[string]any{"gondola": id})
	f.google.intercept = func(http.ResponseWriter, *http.Request) bool {
		f.google.do(func() { f.google.intercept = nil })
		f.write(t, map[string]any{"gondola": id, "token": "ya29.of-login", "expiry": "2999-01-01T00:00:00Z"})
		return false
	}
	if got := mustToken(t, NewTokens(f.cfg)); got != "ya29.of-login" {
		t.Errorf("token = %q, want the one of the login", got)
	}
	if !strings.Contains(readTestFile(t, f.store.Path()), "ya29.of-login") {
		t.Error("the refresh overwrote the login")
	}
}

func TestAccountSurvivesProgramsThatDropIt(t *testing.T) {
	f := newFixture(t)
	refresh := f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef", "probe": "item"}})
	tokens := NewTokens(f.cfg)
	tokens.Invalidate(mustToken(t, tokens))
	doc := f.store.mustDocument(t)
	delete(doc, ownMember)
	writeTestFile(t, f.store.Path(), string(doc.encode()))
	mustToken(t, tokens)
	c, err := f.store.Load()
	if err != nil || c.Account != "0123456789abcdef" || c.Probe != "item" || c.RefreshToken != refresh {
		t.Errorf("account %s, probe %q, error %v after another program rewrote the file", c.Account, c.Probe, err)
	}
}

func TestClientOfTokenFile(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	f.cfg.Client = nil
	mustToken(t, NewTokens(f.cfg))
	f.write(t, map[string]any{"client_id": ""})
	_, err := NewTokens(f.cfg).Token(t.Context())
	if media.ClassOf(err) != media.SessionWide || err == nil {
		t.Errorf("Token without any client = %v, want a SessionWide fault", err)
	}
}

func TestAccount(t *testing.T) {
	f := newFixture(t)
	refresh := f.write(t, nil)
	tokens := NewTokens(f.cfg)
	before, err := tokens.Account(t.Context())
	if err != nil || before != derivedAccount(refresh) {
		t.Fatalf("Account = %q, %v, want %q", before, err, derivedAccount(refresh))
	}
	mustToken(t, tokens) // saves
	after, err := NewTokens(f.cfg).Account(t.Context())
	if err != nil || after != before {
		t.Errorf("Account after saving = %q, %v, want %q", after, err, before)
	}
	if doc := f.store.mustDocument(t); doc.object(ownMember).str("account") != before {
		t.Error("the account is not in the file")
	}
}
