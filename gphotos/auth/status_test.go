package auth

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
)

func TestStatus(t *testing.T) {
	at := time.Date(2026, 1, 6, 20, 36, 19, 0, time.UTC)
	own := func(more ...string) map[string]any {
		m := map[string]any{"account": "0123456789abcdef", "consented_at": "2026-01-06T20:36:19Z"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return map[string]any{"gondola": m, "expiry": "2026-01-06T21:36:19Z"}
	}
	base := Status{
		Account: "0123456789abcdef", ClientID: testClientID, Scopes: DefaultScopes(), AccessExpiry: at.Add(time.Hour),
		RefreshToken: true, ConsentedAt: at,
	}
	for _, tc := range []struct {
		name  string
		more  map[string]any
		want  func(*Status)
		warns string
	}{
		{"lasting", own(), func(*Status) {}, ""},
		{"testing", own("refresh_token_expires_at", "2026-01-13T20:36:18Z"), func(s *Status) {
			s.Testing, s.RefreshExpiry = true, at.Add(testingLife-time.Second)
		}, "In production"},
		{"limited", own("refresh_token_expires_at", "2026-01-07T20:36:19Z"), func(s *Status) {
			s.RefreshExpiry = at.Add(24 * time.Hour)
		}, "ends on 2026-01-07"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, tc.more)
			got, err := NewTokens(f.cfg).Status(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			warnings := strings.Join(got.Warnings, " ")
			if (warnings == "") != (tc.warns == "") || !strings.Contains(warnings, tc.warns) {
				t.Errorf("warnings = %q, want %q in them", warnings, tc.warns)
			}
			want := base
			tc.want(&want)
			got.Warnings = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Status (-want +got):\n%s", diff)
			}
			if n := f.google.count(); n != 0 {
				t.Errorf("%d requests offline", n)
			}
		})
	}
}

func TestStatusOnline(t *testing.T) {
	f := newFixture(t)
	f.write(t, map[string]any{"token": "ya29.old", "expiry": "2999-01-01T00:00:00Z", "scopes": []string{ScopeAppend}})
	tokens := NewTokens(f.cfg)
	offline, err := tokens.Status(t.Context(), false)
	if err != nil || offline.Verified || len(offline.Missing) != 2 {
		t.Errorf("Status offline = %+v, %v", offline, err)
	}
	online, err := tokens.Status(t.Context(), true)
	if err != nil || !online.Verified || len(online.Missing) != 0 || f.google.count() != 1 {
		t.Errorf("Status online = %+v, %v after %d refreshes", online, err, f.google.count())
	}
	f.google.do(func() { clear(f.google.refresh) })
	dead, err := tokens.Status(t.Context(), true)
	if fault.CodeOf(err) != fault.Auth || dead.Verified || dead.Account == "" {
		t.Errorf("Status of a dead login = %+v, %v, want code auth and what the file says", dead, err)
	}
}

func TestStatusErrors(t *testing.T) {
	f := newFixture(t)
	if _, err := NewTokens(f.cfg).Status(t.Context(), false); fault.CodeOf(err) != fault.Auth {
		t.Errorf("Status without a file = %v", err)
	}
	f.write(t, map[string]any{"refresh_token": "", "token": "ya29.x"})
	if _, err := NewTokens(f.cfg).Status(t.Context(), false); err == nil || !strings.Contains(err.Error(), "no refresh token") {
		t.Errorf("Status without a refresh token = %v", err)
	}
	f.write(t, map[string]any{"client_id": "other"})
	if _, err := NewTokens(f.cfg).Status(t.Context(), false); err == nil || !strings.Contains(err.Error(), "another OAuth client") {
		t.Errorf("Status with another client = %v", err)
	}
}

func TestRevoke(t *testing.T) {
	f := newFixture(t)
	refresh := f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef", "probe": "item"}})
	tokens := NewTokens(f.cfg)
	access := mustToken(t, tokens)
	if err := tokens.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.google.revoked; len(got) != 1 || got[0] != refresh {
		t.Errorf("%d tokens revoked, want the refresh token", len(got))
	}
	noSecrets(t, strings.ReplaceAll(readTestFile(t, f.store.Path()), testClientSecret, ""), refresh, access)
	if _, err := tokens.Token(t.Context()); fault.CodeOf(err) != fault.Auth {
		t.Errorf("Token after Revoke = %v, want code auth", err)
	}
	if c, err := f.store.Load(); err != nil || c.Account != "0123456789abcdef" || c.Probe != "item" {
		t.Errorf("the account is forgotten: %v, %v", c, err)
	}
	if err := tokens.Revoke(t.Context()); err != nil {
		t.Errorf("Revoke of nothing = %v", err)
	}
}

func TestRevokeErrors(t *testing.T) {
	f := newFixture(t)
	refresh := f.write(t, nil)
	f.google.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		oauthError(w, 503, "unavailable", "cannot revoke "+refresh)
		return true
	}
	err := NewTokens(f.cfg).Revoke(t.Context())
	if fault.ClassOf(err) != fault.Transient || err == nil {
		t.Errorf("Revoke = %v, want a transient fault", err)
	}
	noSecrets(t, everything(err), refresh)
	if c, err := f.store.Load(); err != nil || c.RefreshToken != refresh {
		t.Error("the tokens were removed although they are alive")
	}
	f.google.intercept = nil
	f.google.do(func() { clear(f.google.refresh) })
	if err := NewTokens(f.cfg).Revoke(t.Context()); err != nil {
		t.Errorf("Revoke of a dead token = %v, want nil", err)
	}
}
