package oauth

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
)

const (
	AccessLife    = 3599 * time.Second
	codeLife      = 10 * time.Minute
	unusedLife    = 180 * 24 * time.Hour // a refresh token that was not used
	testingLife   = 7 * 24 * time.Hour   // of a refresh token while the app is in "Testing"
	refreshesKept = 100                  // per user and client; one more kills the oldest
)

// Client is an application registered in a Google Cloud project.
type Client struct {
	ID, Secret string
	Project    string // what one client of a project creates, its others see
}

// Options say which clients there are and what a user does.
type Options struct {
	Clients     []Client // at least one
	User        string   // who consents
	AutoConsent bool     // the consent page redirects at once
	DenyConsent bool     // with AutoConsent: the user declines
	GrantScopes []string // with AutoConsent: what the user leaves ticked; nil: everything
	Testing     bool     // publishing status "Testing": refresh tokens live 7 days
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

// Server is Google's authorization server. It is safe for concurrent use.
type Server struct {
	opts Options
	Now  func() time.Time

	mu        sync.Mutex
	codes     map[string]*consent
	refreshes map[string]*grant
	accesses  map[string]*access
	grants    []*grant
}

// New returns a server that knows the time by now.
func New(o Options, now func() time.Time) *Server {
	return &Server{
		opts: o, Now: now,
		codes:     map[string]*consent{},
		refreshes: map[string]*grant{},
		accesses:  map[string]*access{},
	}
}

// Grant is the consent of a user to scopes, without the detour of a page. An
// empty user is the one of the options. It panics if there is no such client.
func (o *Server) Grant(client, user string, scopes []string) Tokens {
	if o.client(client) == nil {
		panic("emulator: no OAuth client " + client)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.Now()
	return o.issue(consent{
		client: client, user: cmp.Or(user, o.opts.User), scopes: scopes, offline: true, prompted: true, made: now,
	}, now)
}

// Error is the flat JSON of the authorization server.
type Error struct {
	code        int
	Name        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Error returns the name and the description.
func (e *Error) Error() string { return e.Name + ": " + e.Description }

func invalidGrant(description string) *Error {
	return &Error{http.StatusBadRequest, "invalid_grant", description}
}

func errDeadRefresh() *Error { return invalidGrant("Token has been expired or revoked.") }

// Tokens is what the token endpoint gives.
type Tokens struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	Scope            string `json:"scope"`
	TokenType        string `json:"token_type"`
	RefreshExpiresIn int    `json:"refresh_token_expires_in,omitempty"`
}

func (o *Server) client(id string) *Client {
	i := slices.IndexFunc(o.opts.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &o.opts.Clients[i]
}

// authenticate checks the client's secret.
func (o *Server) authenticate(id, secret string) error {
	switch c := o.client(id); {
	case id == "":
		return &Error{http.StatusBadRequest, "invalid_request", "Could not determine client ID from request."}
	case c == nil:
		return &Error{http.StatusUnauthorized, "invalid_client", "The OAuth client was not found."}
	case subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1:
		return &Error{http.StatusUnauthorized, "invalid_client", "Unauthorized"}
	}
	return nil
}

// code keeps a consent and returns the code that stands for it.
func (o *Server) code(c consent) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	code := "4/0A" + google.Opaque(68)
	o.codes[code] = &c
	return code
}

// exchange turns a code into tokens. A code works once.
func (o *Server) exchange(code, verifier, redirect, client string, now time.Time) (Tokens, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.codes[code]
	switch {
	case c == nil:
		return Tokens{}, invalidGrant("Malformed auth code.")
	case c.client != client:
		return Tokens{}, &Error{http.StatusUnauthorized, "unauthorized_client", "Unauthorized"}
	case c.redirect != redirect:
		return Tokens{}, &Error{http.StatusBadRequest, "redirect_uri_mismatch", "Bad Request"}
	}
	delete(o.codes, code)
	if now.Sub(c.made) >= codeLife {
		return Tokens{}, invalidGrant("Bad Request")
	}
	if err := c.verify(verifier); err != nil {
		return Tokens{}, err
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
func (o *Server) issue(c consent, now time.Time) Tokens {
	g := &grant{id: google.Opaque(16), client: c.client, user: c.user, scopes: c.scopes, made: now, used: now}
	if c.offline && (c.prompted || !o.hasRefresh(c.client, c.user, now)) {
		g.refresh = "1//0" + google.Opaque(98)
		o.refreshes[g.refresh] = g
		o.retireOldest(c.client, c.user)
	}
	o.grants = append(o.grants, g)
	answer := o.accessToken(g, g.scopes, now)
	answer.RefreshToken = g.refresh
	if g.refresh != "" && o.opts.Testing {
		answer.RefreshExpiresIn = int(testingLife.Seconds()) - 1
	}
	return answer
}

func (o *Server) hasRefresh(client, user string, now time.Time) bool {
	return slices.ContainsFunc(o.grants, func(g *grant) bool {
		return g.client == client && g.user == user && g.refresh != "" && o.alive(g, now)
	})
}

func (o *Server) retireOldest(client, user string) {
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

func (o *Server) alive(g *grant, now time.Time) bool {
	switch {
	case g.dead, now.Sub(g.used) >= unusedLife:
		return false
	default:
		return !o.opts.Testing || now.Sub(g.made) < testingLife
	}
}

func (o *Server) accessToken(g *grant, scopes []string, now time.Time) Tokens {
	o.sweep(now)
	token := "ya29.a0" + google.Opaque(180)
	o.accesses[token] = &access{grant: g, scopes: scopes, expires: now.Add(AccessLife)}
	return Tokens{
		AccessToken: token, ExpiresIn: int(AccessLife.Seconds()),
		Scope: strings.Join(scopes, " "), TokenType: "Bearer",
	}
}

// sweep forgets access tokens that expired long ago.
func (o *Server) sweep(now time.Time) {
	for token, a := range o.accesses {
		if now.Sub(a.expires) > 24*time.Hour {
			delete(o.accesses, token)
		}
	}
}

// refresh gives a new access token, without a new refresh token.
func (o *Server) refresh(token, client string, scopes []string, now time.Time) (Tokens, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.refreshes[token]
	switch {
	case g == nil:
		return Tokens{}, invalidGrant("Bad Request")
	case g.client != client:
		return Tokens{}, &Error{http.StatusUnauthorized, "unauthorized_client", "Unauthorized"}
	case !o.alive(g, now):
		return Tokens{}, errDeadRefresh()
	}
	if len(scopes) == 0 {
		scopes = g.scopes
	}
	for _, s := range scopes {
		if !slices.Contains(g.scopes, s) {
			return Tokens{}, &Error{http.StatusBadRequest, "invalid_scope", "Bad Request"}
		}
	}
	g.used = now
	return o.accessToken(g, scopes, now), nil
}

// Revoke kills the grant that an access or refresh token belongs to.
func (o *Server) Revoke(token string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.refreshes[token]
	if a := o.accesses[token]; a != nil {
		g = a.grant
	}
	if g == nil || g.dead {
		return &Error{http.StatusBadRequest, "invalid_token", "Token expired or revoked"}
	}
	g.dead = true
	return nil
}

// RevokeAll kills every grant.
func (o *Server) RevokeAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, g := range o.grants {
		g.dead = true
	}
}

// Expire ends access tokens: one, or all of them for an empty token.
func (o *Server) Expire(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for t, a := range o.accesses {
		if token == "" || t == token {
			a.expires = time.Time{}
		}
	}
}

// Caller returns the account of an access token.
func (o *Server) Caller(token string) (google.Caller, error) {
	now := o.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accesses[token]
	switch {
	case token == "":
		return google.Caller{}, google.ErrMissingCredential()
	case a == nil || !now.Before(a.expires) || a.grant.dead:
		return google.Caller{}, google.Fail(http.StatusUnauthorized)
	}
	return google.Caller{User: a.grant.user, Project: o.client(a.grant.client).Project, Grant: a.grant.id, Scopes: a.scopes}, nil
}

// Granted reports whether the grant of this id still stands.
func (o *Server) Granted(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.grants, func(g *grant) bool { return g.id == id && !g.dead })
}
