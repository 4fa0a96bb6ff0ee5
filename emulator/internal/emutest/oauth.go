package emutest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
)

const (
	redirectURI = "http://localhost:8080/"
	// Verifier is the code verifier of all authorizations.
	Verifier = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJ~."
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Authorization is a request as an installed app makes it.
func (p *Photos) Authorization() url.Values {
	return url.Values{
		"client_id": {p.app.ID}, "redirect_uri": {redirectURI}, "response_type": {"code"},
		"scope": {strings.Join(emulator.PhotosScopes(), " ")}, "access_type": {"offline"}, "prompt": {"consent"}, "state": {"s t/a"},
		"code_challenge": {challengeOf(Verifier)}, "code_challenge_method": {"S256"},
	}
}

// Visit opens the consent page and returns the redirect's query, or the page.
func (p *Photos) Visit(path string, form url.Values) (back url.Values, page Reply) {
	p.Helper()
	p.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page = p.Must("GET", "https://accounts.google.com"+path+"?"+form.Encode(), Headers{"Authorization": ""}, "")
	return p.Follow(page), page
}

// Follow returns the query of the address that an answer redirects to.
func (p *Photos) Follow(r Reply) url.Values {
	p.Helper()
	location := r.Header.Get("Location")
	if r.Status != http.StatusFound {
		return nil
	}
	u, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, redirectURI+"?") {
		p.Fatalf("redirect to %q", location)
	}
	return u.Query()
}

// Exchange redeems a code at the token endpoint.
func (p *Photos) Exchange(change func(url.Values), code string) (Reply, oauth.Tokens) {
	p.Helper()
	c := p.app
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {Verifier}, "redirect_uri": {redirectURI},
		"client_id": {c.ID}, "client_secret": {c.Secret},
	}
	change(form)
	return p.Post("/token", form)
}

// Post sends a form to the authorization server.
func (p *Photos) Post(path string, form url.Values) (Reply, oauth.Tokens) {
	p.Helper()
	r := p.Must("POST", "https://oauth2.googleapis.com"+path, Headers{
		"Authorization": "", "Content-Type": "application/x-www-form-urlencoded",
	}, form.Encode())
	var answer oauth.Tokens
	if err := json.Unmarshal([]byte(r.Body), &answer); err != nil {
		p.Fatalf("%s: %v: %s", path, err, r.Body)
	}
	return r, answer
}

// RefreshForm asks for a new access token.
func (p *Photos) RefreshForm(token string) url.Values {
	c := p.app
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {c.ID}, "client_secret": {c.Secret}}
}
