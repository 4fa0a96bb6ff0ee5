package oauth_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
)

func unchanged(url.Values) {}

func TestConsentToTokens(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true})
	for _, path := range []string{"/o/oauth2/auth", "/o/oauth2/v2/auth"} {
		back, page := p.Visit(path, p.Authorization())
		if back.Get("state") != "s t/a" || back.Get("scope") != strings.Join(emulator.PhotosScopes(), " ") || !strings.HasPrefix(back.Get("code"), "4/0A") {
			t.Fatalf("redirect %v, page %s", back, page.Body)
		}
		r, tokens := p.Exchange(unchanged, back.Get("code"))
		if r.Status != 200 || tokens.ExpiresIn != 3599 || tokens.TokenType != "Bearer" || tokens.RefreshToken == "" || tokens.RefreshExpiresIn != 0 {
			t.Fatalf("exchange: %d %s", r.Status, r.Body)
		}
		if got := r.Header.Get("Cache-Control"); got != "no-cache, no-store, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control: %q", got)
		}
		p.Token = tokens.AccessToken
		p.OK("GET", "/v1/albums", "", nil)
		form := p.RefreshForm(tokens.RefreshToken)
		form.Set("scope", google.ScopeAppend)
		r, fresh := p.Post("/token", form)
		if r.Status != 200 || fresh.RefreshToken != "" || fresh.Scope != google.ScopeAppend || fresh.ExpiresIn != 3599 {
			t.Errorf("refresh: %d %s", r.Status, r.Body)
		}
		if _, again := p.Exchange(unchanged, back.Get("code")); again.AccessToken != "" {
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
		"wrong verifier": {func(f url.Values) { f.Set("code_verifier", emutest.Verifier+"x") }, 0, 400, "invalid_grant"},
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
		p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true})
		back, _ := p.Visit("/o/oauth2/auth", p.Authorization())
		p.E.Clock.Advance(c.wait)
		r, _ := p.Exchange(c.change, back.Get("code"))
		var e oauth.Error
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			t.Fatal(err)
		}
		if r.Status != c.status || e.Name != c.name {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
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
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true})
	for name, c := range cases {
		form := p.Authorization()
		c.change(form)
		back, page := p.Visit("/o/oauth2/auth", form)
		if back != nil || page.Status != c.status || !strings.Contains(page.Body, c.text) {
			t.Errorf("%s: %d %v", name, page.Status, back)
		}
	}
}

func TestConsentPage(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	form := p.Authorization()
	form.Set("state", `"><script>`)
	back, page := p.Visit("/o/oauth2/v2/auth", form)
	if back != nil || page.Status != 200 || strings.Contains(page.Body, `"><script>`) || strings.Count(page.Body, `type="checkbox"`) != 3 {
		t.Fatalf("page: %d %s", page.Status, page.Body)
	}
	decide := func(decision string, grant ...string) url.Values {
		f := p.Authorization()
		f.Set("decision", decision)
		f["grant"] = grant
		return p.Follow(p.Must("POST", "https://accounts.google.com/o/oauth2/v2/auth",
			emutest.Headers{"Content-Type": "application/x-www-form-urlencoded"}, f.Encode()))
	}
	if back := decide("deny", emulator.PhotosScopes()...); back.Get("error") != "access_denied" || back.Get("state") != "s t/a" || back.Has("code") {
		t.Errorf("denied: %v", back)
	}
	if back := decide("allow"); back.Get("error") != "access_denied" {
		t.Errorf("nothing ticked: %v", back)
	}
	back = decide("allow", google.ScopeAppend, google.ScopePrefix+"drive")
	_, tokens := p.Exchange(unchanged, back.Get("code"))
	if back.Get("scope") != google.ScopeAppend || tokens.Scope != google.ScopeAppend {
		t.Errorf("one of three ticked: %v, %q", back, tokens.Scope)
	}
	form.Set("auto", "1")
	if back, _ := p.Visit("/o/oauth2/v2/auth", form); back.Get("code") == "" {
		t.Errorf("auto=1: %v", back)
	}
}

func TestAutomaticConsentCanBeLimited(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true, GrantScopes: []string{google.ScopeAppend}})
	if back, _ := p.Visit("/o/oauth2/auth", p.Authorization()); back.Get("scope") != google.ScopeAppend {
		t.Errorf("fewer scopes: %v", back)
	}
	p = emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true, DenyConsent: true})
	if back, _ := p.Visit("/o/oauth2/auth", p.Authorization()); back.Get("error") != "access_denied" {
		t.Errorf("denied: %v", back)
	}
}

func TestWhenARefreshTokenIsGiven(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true, User: "new@example.com"})
	p.E.Google.Revoke() // the token that the test itself made
	get := func(change func(url.Values)) string {
		t.Helper()
		form := p.Authorization()
		change(form)
		back, _ := p.Visit("/o/oauth2/auth", form)
		_, tokens := p.Exchange(unchanged, back.Get("code"))
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
	kill := map[string]func(p *emutest.Photos, token string){
		"revoked by the user": func(p *emutest.Photos, _ string) { p.E.Google.Revoke() },
		"revoked by the app": func(p *emutest.Photos, token string) {
			if r, _ := p.Post("/revoke", url.Values{"token": {token}}); r.Status != 200 {
				p.Errorf("revoke: %d %s", r.Status, r.Body)
			}
			if r, _ := p.Post("/revoke", url.Values{"token": {token}}); r.Status != 400 {
				p.Errorf("revoke again: %d %s", r.Status, r.Body)
			}
		},
		"unused for half a year": func(p *emutest.Photos, _ string) { p.E.Clock.Advance(181 * 24 * time.Hour) },
		"testing":                func(p *emutest.Photos, _ string) { p.E.Clock.Advance(7 * 24 * time.Hour) },
		"one of too many": func(p *emutest.Photos, _ string) {
			for range 100 {
				p.E.Google.Token("")
			}
		},
		"by fault": func(p *emutest.Photos, _ string) {
			p.E.Faults.Add(emulator.Fault{Route: "google.token", Kind: emulator.FaultRevoke})
		},
	}
	for name, kill := range kill {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true, Testing: name == "testing"})
		back, _ := p.Visit("/o/oauth2/auth", p.Authorization())
		_, tokens := p.Exchange(unchanged, back.Get("code"))
		if p.Testing && tokens.RefreshExpiresIn != 604799 {
			t.Errorf("refresh_token_expires_in: %d", tokens.RefreshExpiresIn)
		}
		kill(p, tokens.RefreshToken)
		if r, _ := p.Post("/token", p.RefreshForm(tokens.RefreshToken)); r.Status != 400 || r.Body != dead {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

func TestRefreshAsksForNoMore(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{AutoConsent: true, GrantScopes: []string{google.ScopeAppend}})
	back, _ := p.Visit("/o/oauth2/auth", p.Authorization())
	_, tokens := p.Exchange(unchanged, back.Get("code"))
	form := p.RefreshForm(tokens.RefreshToken)
	form.Set("scope", google.ScopeAppend+" "+google.ScopeRead)
	if r, _ := p.Post("/token", form); r.Status != 400 || !strings.Contains(r.Body, "invalid_scope") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

func TestTokenEndpointStatuses(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	for status, name := range map[int]string{400: "invalid_grant", 401: "invalid_client", 403: "access_denied", 429: "rate_limit_exceeded", 500: "internal_failure", 503: "internal_failure"} {
		p.E.Faults.Add(emulator.Fault{Route: "google.token", Kind: emulator.FaultStatus, Status: status})
		if r, _ := p.Post("/token", p.RefreshForm("x")); r.Status != status || !strings.Contains(r.Body, `"error": "`+name+`"`) {
			t.Errorf("%d: %d %s", status, r.Status, r.Body)
		}
	}
}
