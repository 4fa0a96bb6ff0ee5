package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testClientID     = "123-abc.apps.googleusercontent.com"
	testClientSecret = "GOCSPX-very-secret"
	testOrigin       = "http://127.0.0.1:9" // of the fake without a listener
)

// fakeGoogle is Google's OAuth as strict as the real one: PKCE, codes for a
// single use, equal redirects, the secret in the body only.
type fakeGoogle struct {
	mu        sync.Mutex
	codes     map[string]url.Values // authorization request by code
	refresh   map[string][]string   // scopes by live refresh token
	refreshes int
	revoked   []string

	life        int      // of access tokens, seconds
	refreshLife int      // refresh_token_expires_in; 0 leaves it out
	granted     []string // scopes the user ticks; nil all
	noRefresh   bool
	rotate      bool                                              // each refresh brings a new refresh token
	intercept   func(w http.ResponseWriter, r *http.Request) bool // true if answered
}

func newFakeGoogle() *fakeGoogle {
	return &fakeGoogle{codes: map[string]url.Values{}, refresh: map[string][]string{}, life: 3599}
}

func (g *fakeGoogle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	intercept := g.intercept
	g.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /auth":
		g.authorize(w, r)
	case "POST /token":
		g.token(w, r)
	case "POST /revoke":
		g.revoke(w, r)
	default:
		http.NotFound(w, r)
	}
}

var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

func (g *fakeGoogle) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	want := url.Values{
		"client_id": {testClientID}, "response_type": {"code"}, "access_type": {"offline"},
		"prompt": {"consent"}, "code_challenge_method": {"S256"},
	}
	for name := range want {
		if q.Get(name) != want.Get(name) {
			http.Error(w, "bad "+name, http.StatusBadRequest)
			return
		}
	}
	if !challengePattern.MatchString(q.Get("code_challenge")) || len(q.Get("state")) < 22 {
		http.Error(w, "weak request", http.StatusBadRequest)
		return
	}
	code := "4/0A" + rand.Text()
	g.codes[code] = q
	back := url.Values{"state": {q.Get("state")}, "code": {code}, "scope": {strings.Join(g.scopes(q), " ")}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (g *fakeGoogle) scopes(request url.Values) []string {
	if g.granted != nil {
		return g.granted
	}
	return strings.Fields(request.Get("scope"))
}

func (g *fakeGoogle) token(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(r)
	switch {
	case !ok:
		oauthError(w, 400, "invalid_request", "not a form")
	case r.Header.Get("Authorization") != "":
		oauthError(w, 401, "invalid_client", "no basic auth here")
	case form.Get("client_id") != testClientID || form.Get("client_secret") != testClientSecret:
		oauthError(w, 401, "invalid_client", "Unauthorized")
	case form.Get("grant_type") == "authorization_code":
		g.exchange(w, form)
	case form.Get("grant_type") == "refresh_token":
		g.renew(w, form)
	default:
		oauthError(w, 400, "unsupported_grant_type", "")
	}
}

func (g *fakeGoogle) exchange(w http.ResponseWriter, form url.Values) {
	request, ok := g.codes[form.Get("code")]
	delete(g.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok:
		oauthError(w, 400, "invalid_grant", "Malformed auth code.")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != request.Get("code_challenge"):
		oauthError(w, 400, "invalid_grant", "Invalid code verifier.")
	case form.Get("redirect_uri") != request.Get("redirect_uri"):
		oauthError(w, 400, "redirect_uri_mismatch", "Bad Request")
	default:
		answer := g.answer(g.scopes(request))
		if !g.noRefresh {
			answer["refresh_token"] = g.newRefresh(g.scopes(request))
		}
		writeJSON(w, 200, answer)
	}
}

func (g *fakeGoogle) renew(w http.ResponseWriter, form url.Values) {
	token := form.Get("refresh_token")
	scopes, ok := g.refresh[token]
	if !ok {
		oauthError(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	g.refreshes++
	answer := g.answer(scopes)
	if g.rotate {
		delete(g.refresh, token)
		answer["refresh_token"] = g.newRefresh(scopes)
	}
	writeJSON(w, 200, answer)
}

func (g *fakeGoogle) newRefresh(scopes []string) string {
	token := "1//0" + rand.Text()
	g.refresh[token] = scopes
	return token
}

func (g *fakeGoogle) answer(scopes []string) map[string]any {
	answer := map[string]any{
		"access_token": "ya29." + rand.Text(), "expires_in": g.life,
		"scope": strings.Join(scopes, " "), "token_type": "Bearer",
	}
	if g.refreshLife > 0 {
		answer["refresh_token_expires_in"] = g.refreshLife
	}
	return answer
}

func (g *fakeGoogle) revoke(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(r)
	if _, live := g.refresh[form.Get("token")]; !ok || !live {
		oauthError(w, 400, "invalid_token", "Token expired or revoked")
		return
	}
	delete(g.refresh, form.Get("token"))
	g.revoked = append(g.revoked, form.Get("token"))
	writeJSON(w, 200, map[string]any{})
}

func readForm(r *http.Request) (url.Values, bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	return form, err == nil
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]any{"error": code, "error_description": description})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// RoundTrip makes the fake an HTTP transport that needs no socket.
func (g *fakeGoogle) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// count returns the number of refreshes so far.
func (g *fakeGoogle) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refreshes
}

// do runs f while no request is answered.
func (g *fakeGoogle) do(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

func testClient(origin string) *Client {
	return &Client{ID: testClientID, Secret: testClientSecret, AuthURI: origin + "/auth", TokenURI: origin + "/token"}
}

// fixture is a token file whose refresh token the fake knows.
type fixture struct {
	google *fakeGoogle
	store  *Store
	log    *strings.Builder
	cfg    Config
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{google: newFakeGoogle(), log: new(strings.Builder)}
	logger := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.store = NewStore(filepath.Join(t.TempDir(), "token.json"), logger)
	f.cfg = Config{Client: testClient(testOrigin), Store: f.store, HTTP: &http.Client{Transport: f.google}, Logger: logger}
	return f
}

// write replaces the token file by google-auth's form with a live refresh
// token, changed by more members, and returns the refresh token.
func (f *fixture) write(t *testing.T, more map[string]any) string {
	t.Helper()
	var token string
	f.google.do(func() { token = f.google.newRefresh(DefaultScopes()) })
	doc := map[string]any{
		"refresh_token": token, "client_id": testClientID, "client_secret": testClientSecret,
		"token_uri": testOrigin + "/token", "scopes": DefaultScopes(),
	}
	maps.Copy(doc, more)
	writeTestFile(t, f.store.Path(), mustJSON(t, doc))
	return token
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeTestFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readTestFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// noSecrets fails if text holds one of the secrets.
func noSecrets(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range slices.Concat(secrets, []string{testClientSecret}) {
		if secret != "" && (strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret))) {
			t.Errorf("%q holds the secret %q", text, secret)
		}
	}
}

// everything is an error as people and logs see it.
func everything(err error) string { return fmt.Sprintf("%v %+v %#v", err, err, err) }

func (s *Store) mustDocument(t testing.TB) document {
	t.Helper()
	doc, err := parseDocument([]byte(readTestFile(t, s.path)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
