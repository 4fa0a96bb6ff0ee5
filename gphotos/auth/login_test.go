package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
)

// newLogin returns a login at a fake behind a real socket.
func newLogin(t *testing.T) (*fakeGoogle, Login) {
	t.Helper()
	google := newFakeGoogle()
	server := httptest.NewServer(google)
	t.Cleanup(server.Close)
	return google, Login{Config: Config{
		Client: testClient(server.URL),
		Store:  NewStore(filepath.Join(t.TempDir(), "token.json"), nil),
	}}
}

// consent returns where the fake's consent page leads.
func consent(t *testing.T, google *fakeGoogle, page string) *url.URL {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, page, nil)
	w := httptest.NewRecorder()
	google.ServeHTTP(w, r)
	back, err := w.Result().Location()
	if err != nil {
		t.Fatalf("consent page: %d %s", w.Code, w.Body)
	}
	return back
}

func TestGrantedScopes(t *testing.T) {
	for _, tc := range []struct {
		name    string
		granted []string
		missing []string
		fails   bool
	}{
		{"all", DefaultScopes(), nil, false},
		{"all and more", append(DefaultScopes(), "openid"), nil, false},
		{"no reading", []string{ScopeAppend, ScopeEditCreated}, []string{ScopeReadCreated}, false},
		{"no uploading", []string{ScopeReadCreated, ScopeEditCreated}, nil, true},
		{"none", []string{"openid"}, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			google, login := newLogin(t)
			google.granted = tc.granted
			result, err := pasteLogin(t, google, login, whole)
			if tc.fails {
				if fault.CodeOf(err) != fault.Scope || fault.ClassOf(err) != fault.Session {
					t.Errorf("Paste = %v, want code scope", err)
				}
				if _, err := os.Stat(login.Store.Path()); !errors.Is(err, os.ErrNotExist) {
					t.Error("useless credentials were saved")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.missing, result.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			named := strings.Contains(strings.Join(result.Notices, " "), "readonly.appcreateddata")
			if named != (len(tc.missing) > 0) {
				t.Errorf("notices = %q", result.Notices)
			}
		})
	}
}

func TestOwnScopes(t *testing.T) {
	google, login := newLogin(t)
	login.Scopes = []string{ScopeReadCreated}
	result, err := pasteLogin(t, google, login, whole)
	if err != nil || len(result.Granted) != 1 || len(result.Missing) > 0 {
		t.Errorf("Paste = %+v, %v, want the one scope asked for", result, err)
	}
	google.granted = []string{"openid"}
	if _, err := pasteLogin(t, google, login, whole); fault.CodeOf(err) != fault.Scope {
		t.Errorf("Paste with nothing granted = %v, want code scope", err)
	}
}

func TestLoginWithoutRefreshToken(t *testing.T) {
	google, login := newLogin(t)
	google.noRefresh = true
	_, err := pasteLogin(t, google, login, whole)
	if fault.CodeOf(err) != fault.Auth || err == nil || !strings.Contains(err.Error(), "no refresh token") {
		t.Errorf("Paste = %v, want a fault about the refresh token", err)
	}
	if _, err := os.Stat(login.Store.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Error("credentials that last an hour were saved")
	}
}

func TestAccountAcrossLogins(t *testing.T) {
	down := errors.New("service down")
	for _, tc := range []struct {
		name      string
		probe     func(context.Context, string) (bool, error)
		same      bool
		mustWarn  bool
		probeKept string
	}{
		{"same", func(context.Context, string) (bool, error) { return true, nil }, true, false, "item"},
		{"other", func(context.Context, string) (bool, error) { return false, nil }, false, false, ""},
		{"cannot tell", func(context.Context, string) (bool, error) { return true, down }, false, true, ""},
		{"nobody tells", nil, false, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			google, login := newLogin(t)
			login.Probe = func(context.Context, string) (bool, error) {
				t.Error("probe without previous login")
				return false, nil
			}
			first, err := pasteLogin(t, google, login, whole)
			if err != nil {
				t.Fatal(err)
			}
			if err := login.Store.SetProbe("item"); err != nil {
				t.Fatal(err)
			}
			login.Probe = tc.probe
			second, err := pasteLogin(t, google, login, whole)
			if err != nil {
				t.Fatal(err)
			}
			if second.SameAccount != tc.same || (second.Account == first.Account) != tc.same {
				t.Errorf("account %s then %s, same: %v, want %v", first.Account, second.Account, second.SameAccount, tc.same)
			}
			if warned := len(second.Notices) > 0; warned != tc.mustWarn {
				t.Errorf("notices = %q", second.Notices)
			}
			c, err := login.Store.Load()
			if err != nil || c.Account != second.Account || c.Probe != tc.probeKept {
				t.Errorf("saved account %s, probe %q, %v", c.Account, c.Probe, err)
			}
		})
	}
}

func TestProbeSeesNewToken(t *testing.T) {
	google, login := newLogin(t)
	writeTestFile(t, login.Store.Path(), `{"refresh_token":"1//0a"}`)
	var probed string
	login.Probe = func(_ context.Context, token string) (bool, error) { probed = token; return true, nil }
	result, err := pasteLogin(t, google, login, whole)
	if err != nil || result.Account != derivedAccount("1//0a") {
		t.Fatalf("Paste = %+v, %v, want the account of the file", result, err)
	}
	if c, err := login.Store.Load(); err != nil || c.AccessToken != probed {
		t.Errorf("probe got another token than was saved (%v)", err)
	}
}

func TestTestingAppIsNoticed(t *testing.T) {
	google, login := newLogin(t)
	google.refreshLife = 604799
	result, err := pasteLogin(t, google, login, whole)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(result.Notices, " "), "In production") || time.Until(result.Until).Round(time.Hour) != testingLife {
		t.Errorf("until %v, notices %q, want the 7-day trap explained", result.Until, result.Notices)
	}
	google.do(func() { google.refreshLife = 300_000 }) // what is left at a later refresh
	status, err := NewTokens(login.Config).Status(t.Context(), false)
	if err != nil || !status.Testing {
		t.Errorf("Status = %+v, %v, want a testing app", status, err)
	}
}

func TestLoginErrorsLeakNothing(t *testing.T) {
	google, login := newLogin(t)
	var code, verifier string
	google.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/token" {
			return false
		}
		form, _ := readForm(r)
		code, verifier = form.Get("code"), form.Get("code_verifier")
		oauthError(w, 400, "invalid_grant", strings.Join(slices.Concat(form["client_secret"], form["code"], form["code_verifier"]), " "))
		return true
	}
	_, err := pasteLogin(t, google, login, whole)
	if err == nil || code == "" || verifier == "" {
		t.Fatalf("Paste = %v", err)
	}
	noSecrets(t, everything(err), code, verifier)
	for _, text := range []string{"http://127.0.0.1/?code=4/0secret&state=wrong", "4/0secret\x00", "http://x/?code=4/0secret%zz"} {
		if _, err := parsePasted(text, "right"); err == nil {
			t.Errorf("parsePasted(%q) succeeded", text)
		} else {
			noSecrets(t, everything(err), "4/0secret")
		}
	}
}

// A login replaces a token file, also a damaged one, and no other document: not
// the OAuth client that --token may name by mistake.
func TestLoginReplacesTokenFilesOnly(t *testing.T) {
	for content, want := range map[string]string{
		`{"installed": {"client_id": "1"}}`: "OAuth client",
		`{"type": "service_account"}`:       "service account",
		`{"name": "some-package"}`:          "no token in it",
		`{}`:                                "",
		``:                                  "",
		`{"refresh_token": "1//x`:           "",
		`{"refresh_token": "1//x"}`:         "",
	} {
		google, login := newLogin(t)
		if err := os.WriteFile(login.Store.Path(), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		asked := false
		_, err := login.Paste(t.Context(), func(_ context.Context, page string) (string, error) {
			asked = true
			return consent(t, google, page).String(), nil
		})
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", content, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.Auth || asked {
			t.Errorf("%q: %v, asked %v; want a refusal with %q before anything is asked", content, err, asked, want)
		}
		if got, err := os.ReadFile(login.Store.Path()); err != nil || string(got) != content {
			t.Errorf("%q has become %q, %v", content, got, err)
		}
	}
}
