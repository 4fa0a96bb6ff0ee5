package auth

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
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

// browser opens pages as a browser would, following redirects; change, if not
// nil, may change the redirect's address first.
func browser(t *testing.T, change func(*url.URL)) func(string) error {
	return func(page string) error {
		go func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			resp, err := client.Get(page)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			back, err := resp.Location()
			if err != nil {
				body, _ := io.ReadAll(resp.Body)
				t.Errorf("consent page: %s: %s", resp.Status, body)
				return
			}
			if change != nil {
				change(back)
			}
			answered, err := client.Get(back.String())
			if err != nil {
				t.Error(err)
				return
			}
			answered.Body.Close()
		}()
		return nil
	}
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

func TestLoopback(t *testing.T) {
	google, login := newLogin(t)
	result, err := login.Loopback(t.Context(), browser(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if result.SameAccount || len(result.Missing) > 0 || len(result.Notices) > 0 || !validAccount(result.Account) {
		t.Errorf("result = %+v", result)
	}
	if diff := cmp.Diff(DefaultScopes(), result.Granted); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
	c, err := login.Store.Load()
	if err != nil {
		t.Fatal(err)
	}
	if google.refresh[c.RefreshToken] == nil || c.Account != result.Account || time.Since(c.ConsentedAt).Abs() > time.Minute {
		t.Errorf("saved account %s, consent %v", c.Account, c.ConsentedAt)
	}
	if c.ClientID != testClientID || c.ClientSecret != testClientSecret || c.TokenURI != login.Client.TokenURI {
		t.Error("the OAuth client is not in the file, so that google-auth cannot use it")
	}
	tokens := NewTokens(login.Config)
	first := mustToken(t, tokens)
	tokens.Invalidate(first)
	if mustToken(t, tokens) == first {
		t.Error("the saved refresh token brought no new access token")
	}
}

func TestLoopbackTakesOnlyItsOwnRedirect(t *testing.T) {
	google, login := newLogin(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := func(method string, u url.URL, change func(*url.URL)) (int, http.Header, string) {
		change(&u)
		req, err := http.NewRequestWithContext(t.Context(), method, u.String(), nil)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(body)
	}
	set := func(name, value string) func(*url.URL) {
		return func(u *url.URL) {
			q := u.Query()
			q.Set(name, value)
			if value == "" {
				q.Del(name)
			}
			u.RawQuery = q.Encode()
		}
	}
	var address string
	visited := make(chan struct{})
	_, err := login.Loopback(t.Context(), func(page string) error {
		back := *consent(t, google, page)
		address = back.Host
		go func() {
			defer close(visited)
			for _, tc := range []struct {
				name   string
				method string
				change func(*url.URL)
				want   int
			}{
				{"wrong state", http.MethodGet, set("state", "x"), http.StatusBadRequest},
				{"no state", http.MethodGet, set("state", ""), http.StatusBadRequest},
				{"no code", http.MethodGet, set("code", ""), http.StatusBadRequest},
				{"other path", http.MethodGet, func(u *url.URL) { u.Path = "/favicon.ico" }, http.StatusNotFound},
				{"other method", http.MethodPost, func(*url.URL) {}, http.StatusMethodNotAllowed},
			} {
				if got, _, _ := status(tc.method, back, tc.change); got != tc.want {
					t.Errorf("%s: status %d, want %d", tc.name, got, tc.want)
				}
			}
			got, header, body := status(http.MethodGet, back, func(*url.URL) {})
			if got != http.StatusOK || !strings.Contains(body, "close this page") {
				t.Errorf("redirect: status %d, body %q", got, body)
			}
			if strings.Contains(body, back.Query().Get("code")) {
				t.Error("the page shows the code")
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff",
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
			} {
				if !strings.HasPrefix(header.Get(name), want) {
					t.Errorf("%s: %q, want %q", name, header.Get(name), want)
				}
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-visited
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the listener is still open")
	}
}

func TestRedirectIsAnsweredOnce(t *testing.T) {
	r := &receiver{path: "/", state: "s", answer: make(chan url.Values, 1)}
	for i, want := range []int{http.StatusOK, http.StatusGone, http.StatusGone} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?state=s&code=c"+string(rune('0'+i)), nil))
		if w.Code != want {
			t.Errorf("redirect %d: status %d, want %d", i+1, w.Code, want)
		}
	}
	if got := (<-r.answer).Get("code"); got != "c0" {
		t.Errorf("code = %q, want the first", got)
	}
}

func TestLoopbackDenied(t *testing.T) {
	_, login := newLogin(t)
	_, err := login.Loopback(t.Context(), browser(t, func(u *url.URL) {
		u.RawQuery = url.Values{"error": {"access_denied"}, "state": {u.Query().Get("state")}}.Encode()
	}))
	fault, ok := errors.AsType[*media.Fault](err)
	if !ok || fault.Class != media.SessionWide || fault.Code != media.CodeAuth || !strings.Contains(err.Error(), "denied") || !strings.Contains(fault.Hint, "test user") {
		t.Errorf("Loopback = %v, want a denial explained", err)
	}
	if _, err := os.Stat(login.Store.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Error("a denied login left a token file")
	}
}

func TestLoopbackEnds(t *testing.T) {
	_, login := newLogin(t)
	login.Timeout = time.Millisecond
	_, err := login.Loopback(t.Context(), func(string) error { return nil })
	if !errors.Is(err, errLoginTimeout) || media.CodeOf(err) != media.CodeAuth {
		t.Errorf("Loopback without an answer = %v", err)
	}
	login.Timeout = 0
	leave := errors.New("I leave")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := login.Loopback(ctx, func(string) error { cancel(leave); return nil }); !errors.Is(err, leave) {
		t.Errorf("Loopback with an ended ctx = %v, want its cause", err)
	}
	broken := errors.New("no browser")
	if _, err := login.Loopback(t.Context(), func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Loopback = %v, want the error of show", err)
	}
}

func TestWebClientUsesItsRegisteredRedirect(t *testing.T) {
	_, login := newLogin(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registered := "http://" + free.Addr().String()
	free.Close()
	login.Client.Web = true
	login.Client.RedirectURIs = []string{"https://example.org/", registered}
	var asked string
	_, err = login.Loopback(t.Context(), func(page string) error {
		u, _ := url.Parse(page)
		asked = u.Query().Get("redirect_uri")
		return browser(t, nil)(page)
	})
	if err != nil || asked != registered {
		t.Errorf("Loopback = %v with redirect %s, want %s", err, asked, registered)
	}
	login.Client.RedirectURIs = []string{"https://example.org/"}
	_, err = login.Loopback(t.Context(), func(string) error { return nil })
	if media.ClassOf(err) != media.SessionWide || err == nil || !strings.Contains(err.Error(), "redirect URI") {
		t.Errorf("Loopback without a local redirect = %v", err)
	}
	_, err = login.Paste(t.Context(), func(context.Context, string) (string, error) { return "", nil })
	if err == nil || !strings.Contains(err.Error(), "redirect URI") {
		t.Errorf("Paste without a local redirect = %v", err)
	}
}

// pasteLogin logs in by pasting what change makes of the redirect.
func pasteLogin(t *testing.T, google *fakeGoogle, login Login, change func(*url.URL) string) (*Result, error) {
	t.Helper()
	return login.Paste(t.Context(), func(_ context.Context, page string) (string, error) {
		return change(consent(t, google, page)), nil
	})
}

func whole(u *url.URL) string { return u.String() }

func TestPaste(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*url.URL) string
		says   string // "" for success
	}{
		{"whole address", whole, ""},
		{"quoted, with a line end", func(u *url.URL) string { return " \"" + u.String() + "\"\r\n" }, ""},
		{"without scheme", func(u *url.URL) string { return strings.TrimPrefix(u.String(), "http://") }, ""},
		{"query alone", func(u *url.URL) string { return u.RawQuery }, ""},
		{"bare code", func(u *url.URL) string { return u.Query().Get("code") }, ""},
		{"bare code, escaped", func(u *url.URL) string { return url.QueryEscape(u.Query().Get("code")) }, ""},
		{"nothing", func(*url.URL) string { return "\n" }, "nothing was pasted"},
		{"other address", func(*url.URL) string { return "http://127.0.0.1/" }, "no authorization code"},
		{"state of another login", func(u *url.URL) string { return strings.Replace(u.String(), "state=", "state=x", 1) }, "another login"},
		{"denial", func(u *url.URL) string { return "http://127.0.0.1/?error=access_denied" }, "denied"},
		{"wrong code", func(*url.URL) string { return "4/0Awrong" }, "invalid_grant"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			google, login := newLogin(t)
			_, err := pasteLogin(t, google, login, tc.change)
			if tc.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				mustToken(t, NewTokens(login.Config))
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) || media.ClassOf(err) != media.SessionWide || media.CodeOf(err) != media.CodeAuth {
				t.Errorf("Paste = %v, want a fault saying %q", err, tc.says)
			}
		})
	}
}

func TestPasteGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login := Login{Config: Config{Client: testClient(testOrigin), Store: NewStore(filepath.Join(t.TempDir(), "token.json"), nil)}}
		in, typing := io.Pipe()
		start := time.Now()
		_, err := login.Paste(t.Context(), Prompt(in, io.Discard))
		if !errors.Is(err, errLoginTimeout) || time.Since(start) != 5*time.Minute {
			t.Errorf("Paste = %v after %v, want to give up after 5m", err, time.Since(start))
		}
		typing.Close()
	})
}

func TestPrompt(t *testing.T) {
	var out strings.Builder
	got, err := Prompt(strings.NewReader("\n  \n the address \nmore\n"), &out)(t.Context(), "https://page.example/?x=y")
	if err != nil || got != "the address" {
		t.Errorf("Prompt = %q, %v", got, err)
	}
	if !strings.Contains(out.String(), "https://page.example/?x=y") {
		t.Errorf("the page's address is not shown: %q", out.String())
	}
	if got, err := Prompt(strings.NewReader(""), io.Discard)(t.Context(), ""); got != "" || err != nil {
		t.Errorf("Prompt at end of input = %q, %v", got, err)
	}
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
				if media.CodeOf(err) != media.CodeScope || media.ClassOf(err) != media.SessionWide {
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

func TestLoginWithoutRefreshToken(t *testing.T) {
	google, login := newLogin(t)
	google.noRefresh = true
	_, err := pasteLogin(t, google, login, whole)
	if media.CodeOf(err) != media.CodeAuth || err == nil || !strings.Contains(err.Error(), "no refresh token") {
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

func FuzzPasted(f *testing.F) {
	f.Add("http://127.0.0.1:1/?state=S&code=4/0Aab-_c&scope=x", "S")
	f.Add("4%2F0Aab", "S")
	f.Add("?error=access_denied#", "")
	f.Fuzz(func(t *testing.T, text, state string) {
		code, err := parsePasted(text, state)
		if err != nil {
			if media.ClassOf(err) != media.SessionWide {
				t.Errorf("error %v is not SessionWide", err)
			}
			return
		}
		if code == "" || strings.ContainsFunc(code, notInCode) {
			t.Fatalf("code %q", code)
		}
		again := "http://127.0.0.1:1/?" + url.Values{"code": {code}, "state": {state}}.Encode()
		if len(again) > maxPasted {
			return
		}
		if got, err := parsePasted(again, state); err != nil || got != code {
			t.Errorf("parsePasted(%q) = %q, %v, want %q", again, got, err, code)
		}
	})
}
