package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	scopePrefix = "https://www.googleapis.com/auth/"

	scopeAppend = scopePrefix + "photoslibrary.appendonly"
	scopeRead   = scopePrefix + "photoslibrary.readonly.appcreateddata"
	scopeEdit   = scopePrefix + "photoslibrary.edit.appcreateddata"

	accessLife    = 3599 * time.Second
	codeLife      = 10 * time.Minute
	unusedLife    = 180 * 24 * time.Hour // a refresh token nobody used
	testingLife   = 7 * 24 * time.Hour   // of a refresh token while the app is in "Testing"
	refreshesKept = 100                  // per user and client; one more kills the oldest
)

// PhotosScopes are the three scopes of the Library API that still work: append,
// read what the app created, edit what the app created.
func PhotosScopes() []string { return []string{scopeAppend, scopeRead, scopeEdit} }

// OAuthClient is an application registered in a Google Cloud project.
type OAuthClient struct {
	ID, Secret string
	Project    string // what one client of a project creates, its others see
}

// consent is what a user agreed to, before the code is exchanged.
type consent struct {
	client    string
	user      string
	redirect  string
	scopes    []string
	challenge string
	method    string
	offline   bool
	prompted  bool // prompt=consent: a new refresh token in any case
	made      time.Time
}

// grant is an exchanged consent. Revoking it kills all its tokens.
type grant struct {
	id      string
	client  string
	user    string
	scopes  []string
	refresh string // empty: none was given
	made    time.Time
	used    time.Time
	dead    bool
}

type access struct {
	grant   *grant
	scopes  []string
	expires time.Time
}

// caller is who makes an API call: a user through a project's client.
type caller struct {
	user, project string
	grant         string
	scopes        []string
}

func (c caller) same(o caller) bool { return c.user == o.user && c.project == o.project }

func (c caller) may(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.scopes, s) })
}

// oauth is Google's authorization server.
type oauth struct {
	clients []OAuthClient
	testing bool

	mu        sync.Mutex
	codes     map[string]*consent
	refreshes map[string]*grant
	accesses  map[string]*access
	grants    []*grant
}

func newOAuth(clients []OAuthClient, testing bool) *oauth {
	return &oauth{
		clients: clients, testing: testing,
		codes:     map[string]*consent{},
		refreshes: map[string]*grant{},
		accesses:  map[string]*access{},
	}
}

// oauthError is the flat JSON of the authorization server.
type oauthError struct {
	code        int
	Name        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (e *oauthError) Error() string { return e.Name + ": " + e.Description }

func invalidGrant(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_grant", description}
}

func errDeadRefresh() *oauthError { return invalidGrant("Token has been expired or revoked.") }

// tokenAnswer is what the token endpoint gives.
type tokenAnswer struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	Scope            string `json:"scope"`
	TokenType        string `json:"token_type"`
	RefreshExpiresIn int    `json:"refresh_token_expires_in,omitempty"`
}

func (o *oauth) client(id string) *OAuthClient {
	i := slices.IndexFunc(o.clients, func(c OAuthClient) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &o.clients[i]
}

// authenticate checks the client's secret.
func (o *oauth) authenticate(id, secret string) error {
	switch c := o.client(id); {
	case id == "":
		return &oauthError{http.StatusBadRequest, "invalid_request", "Could not determine client ID from request."}
	case c == nil:
		return &oauthError{http.StatusUnauthorized, "invalid_client", "The OAuth client was not found."}
	case subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1:
		return &oauthError{http.StatusUnauthorized, "invalid_client", "Unauthorized"}
	}
	return nil
}

// code keeps a consent and returns the code that stands for it.
func (o *oauth) code(c consent) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	code := "4/0A" + opaque(68)
	o.codes[code] = &c
	return code
}

// exchange turns a code into tokens. A code works once.
func (o *oauth) exchange(code, verifier, redirect, client string, now time.Time) (tokenAnswer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.codes[code]
	switch {
	case c == nil:
		return tokenAnswer{}, invalidGrant("Malformed auth code.")
	case c.client != client:
		return tokenAnswer{}, &oauthError{http.StatusUnauthorized, "unauthorized_client", "Unauthorized"}
	case c.redirect != redirect:
		return tokenAnswer{}, &oauthError{http.StatusBadRequest, "redirect_uri_mismatch", "Bad Request"}
	}
	delete(o.codes, code)
	if now.Sub(c.made) >= codeLife {
		return tokenAnswer{}, invalidGrant("Bad Request")
	}
	if err := c.verify(verifier); err != nil {
		return tokenAnswer{}, err
	}
	return o.issue(*c, now), nil
}

func (c *consent) verify(verifier string) error {
	want := verifier
	switch {
	case c.challenge == "" && verifier == "":
		return nil
	case c.challenge == "":
		return invalidGrant("code_verifier or verifier is not needed.")
	case verifier == "":
		return invalidGrant("Missing code verifier.")
	case c.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		want = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if !wellFormedVerifier(verifier) || subtle.ConstantTimeCompare([]byte(want), []byte(c.challenge)) != 1 {
		return invalidGrant("Invalid code verifier.")
	}
	return nil
}

func wellFormedVerifier(v string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	return len(v) >= 43 && len(v) <= 128 && strings.Trim(v, alphabet) == ""
}

// issue makes a grant with its first tokens. The caller holds o.mu.
func (o *oauth) issue(c consent, now time.Time) tokenAnswer {
	g := &grant{id: opaque(16), client: c.client, user: c.user, scopes: c.scopes, made: now, used: now}
	if c.offline && (c.prompted || !o.hasRefresh(c.client, c.user, now)) {
		g.refresh = "1//0" + opaque(98)
		o.refreshes[g.refresh] = g
		o.retireOldest(c.client, c.user)
	}
	o.grants = append(o.grants, g)
	answer := o.accessToken(g, g.scopes, now)
	answer.RefreshToken = g.refresh
	if g.refresh != "" && o.testing {
		answer.RefreshExpiresIn = int(testingLife.Seconds()) - 1
	}
	return answer
}

func (o *oauth) hasRefresh(client, user string, now time.Time) bool {
	return slices.ContainsFunc(o.grants, func(g *grant) bool {
		return g.client == client && g.user == user && g.refresh != "" && o.alive(g, now)
	})
}

func (o *oauth) retireOldest(client, user string) {
	var live []*grant
	for _, g := range o.grants {
		if g.client == client && g.user == user && g.refresh != "" && !g.dead {
			live = append(live, g)
		}
	}
	if len(live) >= refreshesKept {
		live[0].dead = true
	}
}

func (o *oauth) alive(g *grant, now time.Time) bool {
	switch {
	case g.dead, now.Sub(g.used) >= unusedLife:
		return false
	default:
		return !o.testing || now.Sub(g.made) < testingLife
	}
}

func (o *oauth) accessToken(g *grant, scopes []string, now time.Time) tokenAnswer {
	o.sweep(now)
	token := "ya29.a0" + opaque(180)
	o.accesses[token] = &access{grant: g, scopes: scopes, expires: now.Add(accessLife)}
	return tokenAnswer{
		AccessToken: token, ExpiresIn: int(accessLife.Seconds()),
		Scope: strings.Join(scopes, " "), TokenType: "Bearer",
	}
}

// sweep forgets access tokens that expired long ago.
func (o *oauth) sweep(now time.Time) {
	for token, a := range o.accesses {
		if now.Sub(a.expires) > 24*time.Hour {
			delete(o.accesses, token)
		}
	}
}

// refresh gives a new access token, without a new refresh token.
func (o *oauth) refresh(token, client string, scopes []string, now time.Time) (tokenAnswer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.refreshes[token]
	switch {
	case g == nil:
		return tokenAnswer{}, invalidGrant("Bad Request")
	case g.client != client:
		return tokenAnswer{}, &oauthError{http.StatusUnauthorized, "unauthorized_client", "Unauthorized"}
	case !o.alive(g, now):
		return tokenAnswer{}, errDeadRefresh()
	}
	if len(scopes) == 0 {
		scopes = g.scopes
	}
	for _, s := range scopes {
		if !slices.Contains(g.scopes, s) {
			return tokenAnswer{}, &oauthError{http.StatusBadRequest, "invalid_scope", "Bad Request"}
		}
	}
	g.used = now
	return o.accessToken(g, scopes, now), nil
}

// revoke kills the grant that an access or refresh token belongs to.
func (o *oauth) revoke(token string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.refreshes[token]
	if a := o.accesses[token]; a != nil {
		g = a.grant
	}
	if g == nil || g.dead {
		return &oauthError{http.StatusBadRequest, "invalid_token", "Token expired or revoked"}
	}
	g.dead = true
	return nil
}

// revokeAll kills every grant.
func (o *oauth) revokeAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, g := range o.grants {
		g.dead = true
	}
}

// expire ends access tokens: one, or all of them for an empty token.
func (o *oauth) expire(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for t, a := range o.accesses {
		if token == "" || t == token {
			a.expires = time.Time{}
		}
	}
}

// caller tells who an access token speaks for.
func (o *oauth) caller(token string, now time.Time) (caller, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accesses[token]
	switch {
	case token == "":
		return caller{}, errMissingCredential()
	case a == nil || !now.Before(a.expires) || a.grant.dead:
		return caller{}, failure(http.StatusUnauthorized)
	}
	return caller{user: a.grant.user, project: o.client(a.grant.client).Project, grant: a.grant.id, scopes: a.scopes}, nil
}

// granted reports whether the grant of this id still stands.
func (o *oauth) granted(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.grants, func(g *grant) bool { return g.id == id && !g.dead })
}

// opaque is a random URL-safe text of n characters.
func opaque(n int) string {
	b := make([]byte, (n*3+3)/4)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}
