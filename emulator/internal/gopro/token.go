package gopro

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// oauthLife is the life of a token from the token endpoint.
const oauthLife = 24 * time.Hour

// tokens is what signing in has given out.
type tokens struct {
	current string           // the one the user would paste
	alive   map[string]*pass // by access token
	refresh map[string]bool  // refresh tokens; false: used
}

type pass struct {
	expires time.Time
	left    int // requests; negative: no limit
}

func newTokens(expires time.Time, requests int) tokens {
	t := tokens{alive: map[string]*pass{}, refresh: map[string]bool{}}
	t.renew(expires, requests)
	return t
}

func (t *tokens) renew(expires time.Time, requests int) {
	if requests == 0 {
		requests = -1
	}
	t.current = newAccessToken()
	t.alive[t.current] = &pass{expires: expires, left: requests}
}

// newAccessToken looks like the encrypted tokens of the service: five parts,
// 1.3 kB, nothing to be read in it.
func newAccessToken() string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RSA-OAEP","enc":"A128GCM"}`))
	return strings.Join([]string{header, randomText(256), randomText(12), randomText(640), randomText(16)}, ".")
}

// randomText encodes n random bytes.
func randomText(n int) string {
	p := make([]byte, n)
	_, _ = rand.Read(p) // never fails
	return base64.RawURLEncoding.EncodeToString(p)
}

// Token returns the access token that the user would copy out of a browser now.
func (g *Account) Token() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens.current
}

// ExpireToken ends all access tokens; Token then returns a new one, as after
// signing in again.
func (g *Account) ExpireToken() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.tokens.alive)
	g.tokens.renew(g.now().Add(g.options.TokenLife), g.options.TokenRequests)
}

// admit takes one request of the token that r carries, as bearer or cookie, and
// returns the account that it is of, or nil if it is not good.
func (c *Cloud) admit(r *http.Request) *Account {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		cookie, err := r.Cookie(route.TokenCookie)
		if err != nil {
			return nil
		}
		token = cookie.Value
	}
	return c.spend(token)
}

// spend takes one request of a token and returns the account that it is of, or
// nil if it is not good.
func (c *Cloud) spend(token string) *Account {
	return c.where(func(g *Account) bool { return g.spend(token) })
}

func (g *Account) spend(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.tokens.alive[token]
	if p == nil || !g.now().Before(p.expires) || p.left == 0 {
		return false
	}
	p.left--
	return true
}

// grantRequest is the body of the token endpoint, as a form or as JSON.
type grantRequest struct {
	Grant        string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	Refresh      string `json:"refresh_token"`
}

func readGrant(r *http.Request) (grantRequest, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return grantRequest{}, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" is not JSON
	if kind == "application/json" {
		var q grantRequest
		err := json.Unmarshal(data, &q)
		return q, err
	}
	form, err := url.ParseQuery(string(data))
	return grantRequest{
		Grant: form.Get("grant_type"), ClientID: form.Get("client_id"), ClientSecret: form.Get("client_secret"),
		Username: form.Get("username"), Password: form.Get("password"), Refresh: form.Get("refresh_token"),
	}, err
}

// grantToken is the token endpoint of all accounts.
func (c *Cloud) grantToken(w http.ResponseWriter, r *http.Request) {
	q, err := readGrant(r)
	switch {
	case err != nil:
		refuseWith(w, http.StatusBadRequest, "invalid_request", "The request is malformed")
	case q.ClientID != ClientID || q.ClientSecret != ClientSecret:
		refuseWith(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	case q.Grant == "password":
		g := c.where(func(g *Account) bool { return g.username == q.Username })
		if g == nil || q.Password != Password {
			refuseWith(w, http.StatusUnauthorized, "invalid_grant", "The username or password is wrong")
			return
		}
		g.issue(w)
	case q.Grant == "refresh_token":
		c.refreshToken(w, q.Refresh)
	default:
		refuseWith(w, http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported")
	}
}

func (c *Cloud) refreshToken(w http.ResponseWriter, token string) {
	g := c.where(func(g *Account) bool { return g.gave(token) })
	switch {
	case g == nil:
		refuseWith(w, http.StatusBadRequest, "invalid_grant", "The refresh token is invalid")
	case !g.spendRefresh(token):
		refuseWith(w, http.StatusUnauthorized, "token_blacklisted", "The refresh token was revoked")
	default:
		g.issue(w)
	}
}

// gave reports whether the account has ever given out a refresh token.
func (g *Account) gave(refresh string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, known := g.tokens.refresh[refresh]
	return known
}

// spendRefresh reports whether a refresh token was not used before.
func (g *Account) spendRefresh(refresh string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	unused := g.tokens.refresh[refresh]
	g.tokens.refresh[refresh] = false
	return unused
}

func (g *Account) issue(w http.ResponseWriter) {
	g.mu.Lock()
	g.tokens.renew(g.now().Add(oauthLife), g.options.TokenRequests)
	access, refresh := g.tokens.current, randomText(48)
	g.tokens.refresh[refresh] = true
	g.mu.Unlock()
	route.JSON(w, http.StatusOK, map[string]any{
		"access_token": access, "expires_in": int(oauthLife.Seconds()), "refresh_token": refresh,
		"resource_owner_id": g.user, "token_type": "bearer", "scope": "root root:channels public me upload media_library_beta live",
	})
}
