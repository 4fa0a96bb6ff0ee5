package emulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
)

const (
	redirectURI = "http://localhost:8080/"
	verifier    = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJ~."
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorization is a request as an installed app makes it.
func (p *photosTest) authorization() url.Values {
	return url.Values{
		"client_id": {p.e.Google.opts.Clients[0].ID}, "redirect_uri": {redirectURI}, "response_type": {"code"},
		"scope": {strings.Join(PhotosScopes(), " ")}, "access_type": {"offline"}, "prompt": {"consent"}, "state": {"s t/a"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
}

// visit opens the consent page and returns the redirect's query, or the page.
func (p *photosTest) visit(path string, form url.Values) (back url.Values, page reply) {
	p.Helper()
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page = p.must("GET", "https://accounts.google.com"+path+"?"+form.Encode(), headers{"Authorization": ""}, "")
	return p.follow(page), page
}

func (p *photosTest) follow(r reply) url.Values {
	p.Helper()
	location := r.header.Get("Location")
	if r.status != http.StatusFound {
		return nil
	}
	u, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, redirectURI+"?") {
		p.Fatalf("redirect to %q", location)
	}
	return u.Query()
}

// exchange redeems a code at the token endpoint.
func (p *photosTest) exchange(change func(url.Values), code string) (reply, oauth.Tokens) {
	p.Helper()
	c := p.e.Google.opts.Clients[0]
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirectURI},
		"client_id": {c.ID}, "client_secret": {c.Secret},
	}
	change(form)
	return p.post("/token", form)
}

func (p *photosTest) post(path string, form url.Values) (reply, oauth.Tokens) {
	p.Helper()
	r := p.must("POST", "https://oauth2.googleapis.com"+path, headers{
		"Authorization": "", "Content-Type": "application/x-www-form-urlencoded",
	}, form.Encode())
	var answer oauth.Tokens
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		p.Fatalf("%s: %v: %s", path, err, r.body)
	}
	return r, answer
}

func (p *photosTest) refreshForm(token string) url.Values {
	c := p.e.Google.opts.Clients[0]
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {c.ID}, "client_secret": {c.Secret}}
}

func unchanged(url.Values) {}

func TestConsentToTokens(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{AutoConsent: true})
	for _, path := range []string{"/o/oauth2/auth", "/o/oauth2/v2/auth"} {
		back, page := p.visit(path, p.authorization())
		if back.Get("state") != "s t/a" || back.Get("scope") != strings.Join(PhotosScopes(), " ") || !strings.HasPrefix(back.Get("code"), "4/0A") {
			t.Fatalf("redirect %v, page %s", back, page.body)
		}
		r, tokens := p.exchange(unchanged, back.Get("code"))
		if r.status != 200 || tokens.ExpiresIn != 3599 || tokens.TokenType != "Bearer" || tokens.RefreshToken == "" || tokens.RefreshExpiresIn != 0 {
			t.Fatalf("exchange: %d %s", r.status, r.body)
		}
		if got := r.header.Get("Cache-Control"); got != "no-cache, no-store, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control: %q", got)
		}
		p.token = tokens.AccessToken
		p.ok("GET", "/v1/albums", "", nil)
		form := p.refreshForm(tokens.RefreshToken)
		form.Set("scope", google.ScopeAppend)
		r, fresh := p.post("/token", form)
		if r.status != 200 || fresh.RefreshToken != "" || fresh.Scope != google.ScopeAppend || fresh.ExpiresIn != 3599 {
			t.Errorf("refresh: %d %s", r.status, r.body)
		}
		if _, again := p.exchange(unchanged, back.Get("code")); again.AccessToken != "" {
			t.Error("a code worked twice")
		}
	}
}

func TestExchangeStrictness(t *testing.T) {
	cases := map[string]struct {
		change func(url.Values)
		wait   time.Duration
		status int
		name   string
	}{
		"wrong verifier": {func(f url.Values) { f.Set("code_verifier", verifier+"x") }, 0, 400, "invalid_grant"},
		"no verifier":    {func(f url.Values) { f.Del("code_verifier") }, 0, 400, "invalid_grant"},
		"other redirect": {func(f url.Values) { f.Set("redirect_uri", "http://localhost:8080") }, 0, 400, "redirect_uri_mismatch"},
		"unknown code":   {func(f url.Values) { f.Set("code", "4/0Ano") }, 0, 400, "invalid_grant"},
		"wrong secret":   {func(f url.Values) { f.Set("client_secret", "no") }, 0, 401, "invalid_client"},
		"unknown client": {func(f url.Values) { f.Set("client_id", "no") }, 0, 401, "invalid_client"},
		"no client":      {func(f url.Values) { f.Del("client_id") }, 0, 400, "invalid_request"},
		"old code":       {unchanged, 10 * time.Minute, 400, "invalid_grant"},
		"password grant": {func(f url.Values) { f.Set("grant_type", "password") }, 0, 400, "unsupported_grant_type"},
	}
	for name, c := range cases {
		p := newPhotosTest(t, GoogleOptions{AutoConsent: true})
		back, _ := p.visit("/o/oauth2/auth", p.authorization())
		p.e.Clock.Advance(c.wait)
		r, _ := p.exchange(c.change, back.Get("code"))
		var e oauth.Error
		if err := json.Unmarshal([]byte(r.body), &e); err != nil {
			t.Fatal(err)
		}
		if r.status != c.status || e.Name != c.name {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestAuthorizationStrictness(t *testing.T) {
	cases := map[string]struct {
		change func(url.Values)
		status int
		text   string
	}{
		"unknown client":    {func(f url.Values) { f.Set("client_id", "no") }, 401, "invalid_client"},
		"foreign redirect":  {func(f url.Values) { f.Set("redirect_uri", "https://example.com/") }, 400, "redirect_uri_mismatch"},
		"token flow":        {func(f url.Values) { f.Set("response_type", "token") }, 400, "unsupported_response_type"},
		"unknown challenge": {func(f url.Values) { f.Set("code_challenge_method", "S512") }, 400, "invalid_request"},
		"missing challenge": {func(f url.Values) { f.Del("code_challenge") }, 400, "invalid_request"},
		"no scope":          {func(f url.Values) { f.Del("scope") }, 400, "invalid_request"},
		"unknown scope":     {func(f url.Values) { f.Set("scope", "everything") }, 400, "invalid_scope"},
		"photos with drive": {func(f url.Values) { f.Set("scope", google.ScopeAppend+" "+google.ScopePrefix+"drive") }, 400, "invalid_request"},
	}
	p := newPhotosTest(t, GoogleOptions{AutoConsent: true})
	for name, c := range cases {
		form := p.authorization()
		c.change(form)
		back, page := p.visit("/o/oauth2/auth", form)
		if back != nil || page.status != c.status || !strings.Contains(page.body, c.text) {
			t.Errorf("%s: %d %v", name, page.status, back)
		}
	}
}

func TestConsentPage(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	form := p.authorization()
	form.Set("state", `"><script>`)
	back, page := p.visit("/o/oauth2/v2/auth", form)
	if back != nil || page.status != 200 || strings.Contains(page.body, `"><script>`) || strings.Count(page.body, `type="checkbox"`) != 3 {
		t.Fatalf("page: %d %s", page.status, page.body)
	}
	decide := func(decision string, grant ...string) url.Values {
		f := p.authorization()
		f.Set("decision", decision)
		f["grant"] = grant
		return p.follow(p.must("POST", "https://accounts.google.com/o/oauth2/v2/auth",
			headers{"Content-Type": "application/x-www-form-urlencoded"}, f.Encode()))
	}
	if back := decide("deny", PhotosScopes()...); back.Get("error") != "access_denied" || back.Get("state") != "s t/a" || back.Has("code") {
		t.Errorf("denied: %v", back)
	}
	if back := decide("allow"); back.Get("error") != "access_denied" {
		t.Errorf("nothing ticked: %v", back)
	}
	back = decide("allow", google.ScopeAppend, google.ScopePrefix+"drive")
	_, tokens := p.exchange(unchanged, back.Get("code"))
	if back.Get("scope") != google.ScopeAppend || tokens.Scope != google.ScopeAppend {
		t.Errorf("one of three ticked: %v, %q", back, tokens.Scope)
	}
	form.Set("auto", "1")
	if back, _ := p.visit("/o/oauth2/v2/auth", form); back.Get("code") == "" {
		t.Errorf("auto=1: %v", back)
	}
}

func TestAutomaticConsentCanBeLimited(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{AutoConsent: true, GrantScopes: []string{google.ScopeAppend}})
	if back, _ := p.visit("/o/oauth2/auth", p.authorization()); back.Get("scope") != google.ScopeAppend {
		t.Errorf("fewer scopes: %v", back)
	}
	p = newPhotosTest(t, GoogleOptions{AutoConsent: true, DenyConsent: true})
	if back, _ := p.visit("/o/oauth2/auth", p.authorization()); back.Get("error") != "access_denied" {
		t.Errorf("denied: %v", back)
	}
}

func TestWhenARefreshTokenIsGiven(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{AutoConsent: true, User: "new@example.com"})
	p.e.Google.Revoke() // the token that the test itself made
	get := func(change func(url.Values)) string {
		t.Helper()
		form := p.authorization()
		change(form)
		back, _ := p.visit("/o/oauth2/auth", form)
		_, tokens := p.exchange(unchanged, back.Get("code"))
		return tokens.RefreshToken
	}
	if get(func(f url.Values) { f.Del("access_type") }) != "" {
		t.Error("given without access_type=offline")
	}
	if get(func(f url.Values) { f.Del("prompt") }) == "" {
		t.Error("not given for the first consent")
	}
	if get(func(f url.Values) { f.Del("prompt") }) != "" {
		t.Error("given for a repeated consent without prompt=consent")
	}
	if get(unchanged) == "" {
		t.Error("not given with prompt=consent")
	}
}

func TestDeadRefreshTokens(t *testing.T) {
	const dead = "{\n  \"error\": \"invalid_grant\",\n  \"error_description\": \"Token has been expired or revoked.\"\n}\n"
	kill := map[string]func(p *photosTest, token string){
		"revoked by the user": func(p *photosTest, _ string) { p.e.Google.Revoke() },
		"revoked by the app": func(p *photosTest, token string) {
			if r, _ := p.post("/revoke", url.Values{"token": {token}}); r.status != 200 {
				p.Errorf("revoke: %d %s", r.status, r.body)
			}
			if r, _ := p.post("/revoke", url.Values{"token": {token}}); r.status != 400 {
				p.Errorf("revoke again: %d %s", r.status, r.body)
			}
		},
		"unused for half a year": func(p *photosTest, _ string) { p.e.Clock.Advance(181 * 24 * time.Hour) },
		"testing":                func(p *photosTest, _ string) { p.e.Clock.Advance(7 * 24 * time.Hour) },
		"one of too many": func(p *photosTest, _ string) {
			for range 100 {
				p.e.Google.Token("")
			}
		},
		"by fault": func(p *photosTest, _ string) {
			p.e.Faults.Add(Fault{Route: "google.token", Kind: FaultRevoke})
		},
	}
	for name, kill := range kill {
		p := newPhotosTest(t, GoogleOptions{AutoConsent: true, Testing: name == "testing"})
		back, _ := p.visit("/o/oauth2/auth", p.authorization())
		_, tokens := p.exchange(unchanged, back.Get("code"))
		if p.e.Google.opts.Testing && tokens.RefreshExpiresIn != 604799 {
			t.Errorf("refresh_token_expires_in: %d", tokens.RefreshExpiresIn)
		}
		kill(p, tokens.RefreshToken)
		if r, _ := p.post("/token", p.refreshForm(tokens.RefreshToken)); r.status != 400 || r.body != dead {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestRefreshAsksForNoMore(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{AutoConsent: true, GrantScopes: []string{google.ScopeAppend}})
	back, _ := p.visit("/o/oauth2/auth", p.authorization())
	_, tokens := p.exchange(unchanged, back.Get("code"))
	form := p.refreshForm(tokens.RefreshToken)
	form.Set("scope", google.ScopeAppend+" "+google.ScopeRead)
	if r, _ := p.post("/token", form); r.status != 400 || !strings.Contains(r.body, "invalid_scope") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestTokenEndpointStatuses(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	for status, name := range map[int]string{400: "invalid_grant", 401: "invalid_client", 403: "access_denied", 429: "rate_limit_exceeded", 500: "internal_failure", 503: "internal_failure"} {
		p.e.Faults.Add(Fault{Route: "google.token", Kind: FaultStatus, Status: status})
		if r, _ := p.post("/token", p.refreshForm("x")); r.status != status || !strings.Contains(r.body, `"error": "`+name+`"`) {
			t.Errorf("%d: %d %s", status, r.status, r.body)
		}
	}
}

func TestWriteCredentials(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	server, err := p.e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	secretPath, tokenPath, err := p.e.WriteCredentials(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{secretPath, tokenPath} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	var secret clientSecretFile
	var token tokenFile
	readJSON(t, secretPath, &secret)
	readJSON(t, tokenPath, &token)
	if secret.Installed.AuthURI != server.OAuthURL+"/o/oauth2/auth" || secret.Installed.TokenURI != server.OAuthURL+"/token" || len(secret.Installed.RedirectURIs) == 0 {
		t.Errorf("client secret: %+v", secret)
	}
	if token.Expiry != "2026-02-01T12:59:59.000000Z" && !strings.HasPrefix(token.Expiry, "2026-02-01T12:59:59.") && !strings.HasPrefix(token.Expiry, "2026-02-01T13:00:0") {
		t.Errorf("expiry %s", token.Expiry)
	}
	p.token = token.Token
	p.ok("GET", "/v1/albums", "", nil)
	if r, answer := p.post("/token", p.refreshForm(token.RefreshToken)); answer.AccessToken == "" {
		t.Errorf("refresh: %s", r.body)
	}
	if _, _, err := p.e.WriteCredentials(secretPath); err == nil {
		t.Error("wrote into a file")
	}
}

// Only files of an emulator are replaced, also those of an emulator that is gone
// and those that a client has refreshed; anything else is left as it is.
func TestWriteCredentialsReplacesItsOwnOnly(t *testing.T) {
	const (
		client   = `{"installed": {"client_id": "1-real.apps.googleusercontent.com", "client_secret": "GOCSPX-real"}}`
		token    = `{"refresh_token": "1//real", "client_id": "1-real.apps.googleusercontent.com"}`
		emulated = `{"token": "ya29.new", "refresh_token": "1//e", "client_id": "7-emulated.apps.googleusercontent.com", "gondola": {"account": "0"}}`
	)
	for _, tc := range []struct {
		name, client, token string // "" is no file
		replaced            bool
	}{
		{name: "nothing", replaced: true},
		{name: "an emulator's token", token: emulated, replaced: true},
		{name: "real files", client: client, token: token},
		{name: "a real client", client: client},
		{name: "a real client, an emulator's token", client: client, token: emulated},
		{name: "a real token", token: token},
		{name: "a token without its client", token: `{"refresh_token": "1//real"}`},
		{name: "a web client", client: `{"web": {"client_id": "1-real.apps.googleusercontent.com"}}`},
		{name: "no JSON", token: "notes"},
		{name: "a large file", token: `{"client_id": "7-emulated.apps.googleusercontent.com"}` + strings.Repeat(" ", maxCredentials)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := New(Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			dir := t.TempDir()
			before := map[string]string{"client_secret.json": tc.client, "token.json": tc.token}
			for name, content := range before {
				if content == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err = e.WriteCredentials(dir)
			if (err == nil) != tc.replaced || !tc.replaced && !errors.Is(err, ErrForeignFile) {
				t.Errorf("WriteCredentials: %v", err)
			}
			for name, content := range before {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if tc.replaced {
					if err != nil || string(got) == content {
						t.Errorf("%s is not written: %v", name, err)
					}
				} else if string(got) != content {
					t.Errorf("%s: %q, want %q", name, got, content)
				}
			}
			if tc.replaced {
				if _, _, err := e.WriteCredentials(dir); err != nil {
					t.Errorf("the second time: %v", err)
				}
			}
		})
	}
}

func TestWriteCredentialsFollowsNoLink(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "token.json")); err != nil {
		t.Skip(err)
	}
	if _, _, err := e.WriteCredentials(dir); !errors.Is(err, ErrForeignFile) {
		t.Errorf("WriteCredentials: %v, want ErrForeignFile", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestEnviron(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	dir := t.TempDir()
	if _, err := e.Environ(dir); !errors.Is(err, ErrNotListening) {
		t.Errorf("%v, want ErrNotListening: the real services must not be named", err)
	}
	server, err := e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Environ(dir)
	want := []string{
		"GONDOLA_GOPRO_URL=" + server.GoProURL, "GP_ACCESS_TOKEN=" + e.GoPro.Token(), "GONDOLA_GPHOTOS_URL=" + server.PhotosURL,
		"GONDOLA_CREDENTIALS=" + filepath.Join(dir, "client_secret.json"), "GONDOLA_TOKEN=" + filepath.Join(dir, "token.json"),
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
