package auth

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
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

// A token file that cannot be written is warned of once, and nothing else: the
// tokens are in memory, and saved when the file can be written again.
func TestFileThatCannotBeWritten(t *testing.T) {
	f := newFixture(t)
	old := f.write(t, nil)
	f.google.rotate = true
	before := readTestFile(t, f.store.Path())
	f.store.replace = func(string, []byte) error { return syscall.EROFS }
	tokens := NewTokens(f.cfg)
	for range 3 { // each with the refresh token that the one before brought
		tokens.Invalidate(mustToken(t, tokens))
	}
	mustToken(t, tokens)
	if got := readTestFile(t, f.store.Path()); got != before {
		t.Error("the file changed although it cannot be written")
	}
	if n := strings.Count(f.log.String(), "cannot be saved"); n != 1 || !strings.Contains(f.log.String(), f.store.Path()) {
		t.Errorf("%d warnings, want one that names the file: %s", n, f.log.String())
	}
	if s, err := tokens.Status(t.Context(), true); err != nil || !s.Verified || !errors.Is(s.Unsaved, syscall.EROFS) || !strings.Contains(strings.Join(s.Warnings, " "), f.store.Path()) {
		t.Errorf("Status = %+v, %v, want valid credentials and a warning that names the file", s, err)
	}
	f.store.replace = writeFile
	tokens.Invalidate(mustToken(t, tokens))
	mustToken(t, tokens)
	c, err := f.store.Load()
	if err != nil || c.RefreshToken == old || c.Account != derivedAccount(old) {
		t.Errorf("the file holds %v, %v; want the new refresh token and the old account", c, err)
	}
	if s, err := tokens.Status(t.Context(), true); err != nil || s.Unsaved != nil {
		t.Errorf("Status = %+v, %v, want no failure any more", s, err)
	}
}

// A login that another program writes into the file counts, also while there
// are tokens that could not be saved.
func TestLoginElsewhereCountsOverMemory(t *testing.T) {
	f := newFixture(t)
	f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef"}})
	f.store.replace = func(string, []byte) error { return syscall.EROFS }
	tokens := NewTokens(f.cfg)
	tokens.Invalidate(mustToken(t, tokens))
	f.write(t, map[string]any{"gondola": map[string]any{"account": "0123456789abcdef"}, "token": "ya29.of-login", "expiry": "2999-01-01T00:00:00Z"})
	if got := mustToken(t, tokens); got != "ya29.of-login" {
		t.Errorf("token = %q, want the one of the login", got)
	}
}

// Processes that need a new token at the same time ask for one, once.
func TestProcessesRefreshOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, nil)
		f.google.intercept = func(http.ResponseWriter, *http.Request) bool {
			time.Sleep(20 * time.Second)
			return false
		}
		var all sync.WaitGroup
		got := make([]string, 8)
		for i := range got {
			cfg := f.cfg
			cfg.Store = NewStore(f.store.Path(), nil) // as another process would have
			all.Go(func() { got[i] = mustToken(t, NewTokens(cfg)) })
		}
		all.Wait()
		if n := f.google.count(); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
		if slices.Sort(got); got[0] != got[len(got)-1] {
			t.Errorf("tokens %q, want one", got)
		}
	})
}

// A process that holds the lock and does not move keeps nobody for long.
func TestLockThatIsNotGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.write(t, map[string]any{"token": "ya29.old", "expiry": time.Now().Add(3 * time.Minute).UTC().Format(time.RFC3339)})
		unlock, err := NewStore(f.store.Path(), nil).lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		if got := mustToken(t, NewTokens(f.cfg)); got != "ya29.old" {
			t.Errorf("token = %q, want the old one, which lives on", got)
		}
		tokens := NewTokens(f.cfg)
		if _, err := tokens.credentials(); err != nil {
			t.Fatal(err)
		}
		tokens.Invalidate("ya29.old")
		if _, err := tokens.Token(t.Context()); err == nil || fault.ClassOf(err) != fault.Transient || !strings.Contains(err.Error(), ".lock") {
			t.Errorf("Token = %v, want a transient failure that names the lock", err)
		}
	})
}

// An answer of invalid_grant is believed of what the file says now.
func TestInvalidGrantReadsTheFileAgain(t *testing.T) {
	id := map[string]any{"account": "0123456789abcdef"}
	for name, login := range map[string]map[string]any{
		"with an access token": {"gondola": id, "token": "ya29.of-login", "expiry": "2999-01-01T00:00:00Z"},
		"without one":          {"gondola": id},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, map[string]any{"gondola": id})
			f.google.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
				f.google.do(func() { f.google.intercept = nil })
				f.write(t, login) // by a program that heeds no lock
				oauthError(w, 400, "invalid_grant", "Token has been expired or revoked.")
				return true
			}
			got := mustToken(t, NewTokens(f.cfg))
			if want := login["token"]; want != nil && got != want {
				t.Errorf("token = %q, want %q", got, want)
			}
		})
	}
	f := newFixture(t)
	f.write(t, nil)
	f.google.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		oauthError(w, 400, "invalid_grant", "")
		return true
	}
	if _, err := NewTokens(f.cfg).Token(t.Context()); fault.CodeOf(err) != fault.Auth || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("Token = %v, want invalid_grant of a file that stays as it is", err)
	}
}

// What lies in the place of the lock file blocks nothing and is not written
// through.
func TestLockFileOfAnotherKind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no FIFOs")
	}
	for name, create := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("elsewhere", path) },
		"FIFO":      mkfifo,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, nil)
			if err := create(f.store.Path() + ".lock"); err != nil {
				t.Skip(err)
			}
			mustToken(t, NewTokens(f.cfg))
			if c, err := f.store.Load(); err != nil || c.AccessToken == "" {
				t.Errorf("the file holds %v, %v, want the new token", c, err)
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(f.store.Path()), "elsewhere")); err == nil {
				t.Error("a file was made through the link")
			}
		})
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
		if _, err := tokens.Token(t.Context()); fault.ClassOf(err) != fault.Transient || err == nil {
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
	if _, err := tokens.Token(t.Context()); fault.ClassOf(err) != fault.Session || err == nil || !strings.Contains(err.Error(), "another Google account") {
		t.Errorf("Token = %v, want a fault of class Session", err)
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
		doc := f.store.mustDocument(t) // by a program that heeds no lock
		doc[ownMember] = encodeJSON(map[string]any{"account": "0123456789abcdef", "probe": "new"})
		writeTestFile(t, f.store.Path(), string(doc.encode()))
		return false
	}
	mustToken(t, NewTokens(f.cfg))
	if c, err := f.store.Load(); err != nil || c.Probe != "new" {
		t.Errorf("probe = %q, %v after the refresh, want the new one", c.Probe, err)
	}
}
