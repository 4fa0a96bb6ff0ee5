package auth

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
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
			if fault.ClassOf(err) != fault.Session || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Token = %v, want a fault of class Session saying %q", err, tc.says)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		f := newFixture(t)
		_, err := NewTokens(f.cfg).Token(t.Context())
		if !errors.Is(err, os.ErrNotExist) || fault.CodeOf(err) != fault.Auth {
			t.Errorf("Token = %v, want a fault with code auth that is ErrNotExist", err)
		}
	})
}

func TestClientOfTokenFile(t *testing.T) {
	f := newFixture(t)
	f.write(t, nil)
	f.cfg.Client = nil
	mustToken(t, NewTokens(f.cfg))
	f.write(t, map[string]any{"client_id": ""})
	_, err := NewTokens(f.cfg).Token(t.Context())
	if fault.ClassOf(err) != fault.Session || err == nil {
		t.Errorf("Token without any client = %v, want a fault of class Session", err)
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
