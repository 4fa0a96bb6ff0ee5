package auth

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
)

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

func TestProbeSetDuringRefreshIsKept(t *testing.T) {
	f := newFixture(t)
	f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef", "probe": "old"}})
	f.google.intercept = func(http.ResponseWriter, *http.Request) bool {
		if err := f.store.SetProbe("new"); err != nil {
			t.Error(err)
		}
		return false
	}
	mustToken(t, NewTokens(f.cfg))
	if c, err := f.store.Load(); err != nil || c.Probe != "new" {
		t.Errorf("probe = %q, %v after the refresh, want the new one", c.Probe, err)
	}
}
