package emulator

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

func (g *Google) oauthRoutes() []route.Route {
	var routes []route.Route
	for _, path := range []string{"/o/oauth2/auth", "/o/oauth2/v2/auth"} {
		routes = append(routes,
			route.Route{Name: "google.authorize", Role: route.Accounts, Pattern: "GET " + path, Handler: g.authorize, Refuse: refusePage},
			route.Route{Name: "google.authorize", Role: route.Accounts, Pattern: "POST " + path, Handler: g.decide, Refuse: refusePage})
	}
	for _, path := range []string{"/token", "/oauth2/v4/token"} {
		routes = append(routes, route.Route{Name: "google.token", Role: route.OAuth, Pattern: "POST " + path, Handler: flat(g.token), Refuse: refuseFlat})
	}
	return append(routes, route.Route{Name: "google.revoke", Role: route.OAuth, Pattern: "POST /revoke", Handler: flat(g.revoke), Refuse: refuseFlat})
}

// flat answers with the JSON of the authorization server, which has no envelope.
func flat(do func(form url.Values, r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
		w.Header().Set("Pragma", "no-cache")
		status, body := http.StatusOK, any(nil)
		err := r.ParseForm()
		if err == nil {
			body, err = do(r.PostForm, r)
		}
		if e, ok := errors.AsType[*oauthError](err); ok {
			status, body = e.code, e
		} else if err != nil {
			status, body = http.StatusBadRequest, &oauthError{Name: "invalid_request", Description: "Bad Request"}
		}
		route.Respond(w, status, "application/json; charset=utf-8", string(encodeJSON(body)))
	}
}

func refuseFlat(w http.ResponseWriter, r *http.Request, status int) {
	e := &oauthError{code: status, Name: "internal_failure", Description: "Backend Error"}
	switch status {
	case http.StatusProxyAuthRequired: // a proxy on the way, which knows no OAuth
		route.Respond(w, status, "text/html; charset=utf-8", "<html><title>Proxy Authentication Required</title></html>")
		return
	case http.StatusBadRequest:
		e = errDeadRefresh()
	case http.StatusUnauthorized:
		e.Name, e.Description = "invalid_client", "Unauthorized"
	case http.StatusForbidden:
		e.Name, e.Description = "access_denied", "Account restricted"
	case http.StatusTooManyRequests:
		e.Name, e.Description = "rate_limit_exceeded", "Rate Limit Exceeded"
	}
	flat(func(url.Values, *http.Request) (any, error) { return nil, e })(w, r)
}

func (g *Google) token(form url.Values, r *http.Request) (any, error) {
	client := form.Get("client_id")
	if err := g.oauth.authenticate(client, form.Get("client_secret")); err != nil {
		return nil, err
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return g.oauth.exchange(form.Get("code"), form.Get("code_verifier"), form.Get("redirect_uri"), client, g.now())
	case "refresh_token":
		refresh := form.Get("refresh_token")
		if fault.Of(r, fault.Revoke) != nil {
			_ = g.oauth.revoke(refresh) // an unknown one is refused below
		}
		return g.oauth.refresh(refresh, client, strings.Fields(form.Get("scope")), g.now())
	}
	return nil, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: " + form.Get("grant_type")}
}

func (g *Google) revoke(form url.Values, r *http.Request) (any, error) {
	token := form.Get("token")
	if token == "" {
		token = r.URL.Query().Get("token")
	}
	return struct{}{}, g.oauth.revoke(token)
}

// authorize asks the user, or decides at once when the options or auto=1 say so.
func (g *Google) authorize(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	if err := g.checkAuthorization(form); err != nil {
		writeConsentError(w, err)
		return
	}
	if g.opts.AutoConsent || form.Get("auto") == "1" {
		granted := form.Get("scope")
		if g.opts.GrantScopes != nil {
			granted = strings.Join(g.opts.GrantScopes, " ")
		}
		g.redirect(w, r, form, !g.opts.DenyConsent, strings.Fields(granted))
		return
	}
	g.askConsent(w, form)
}

// decide takes the form of the consent page.
func (g *Google) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		writeConsentError(w, &oauthError{http.StatusBadRequest, "invalid_request", "The form can not be read."})
		return
	}
	if err := g.checkAuthorization(r.PostForm); err != nil {
		writeConsentError(w, err)
		return
	}
	g.redirect(w, r, r.PostForm, r.PostForm.Get("decision") == "allow", r.PostForm["grant"])
}

func (g *Google) checkAuthorization(form url.Values) *oauthError {
	refuse := func(code int, name, text string) *oauthError { return &oauthError{code, name, text} }
	method := form.Get("code_challenge_method")
	switch {
	case g.oauth.client(form.Get("client_id")) == nil:
		return refuse(http.StatusUnauthorized, "invalid_client", "The OAuth client was not found.")
	case !loopback(form.Get("redirect_uri")):
		return refuse(http.StatusBadRequest, "redirect_uri_mismatch", "The redirect URI in the request does not match the ones authorized for the OAuth client.")
	case form.Get("response_type") != "code":
		return refuse(http.StatusBadRequest, "unsupported_response_type", "Invalid response_type: "+form.Get("response_type"))
	case method != "" && method != "S256" && method != "plain":
		return refuse(http.StatusBadRequest, "invalid_request", "Invalid code challenge method.")
	case method != "" && form.Get("code_challenge") == "":
		return refuse(http.StatusBadRequest, "invalid_request", "Missing code challenge.")
	}
	return checkScopes(strings.Fields(form.Get("scope")))
}

func checkScopes(scopes []string) *oauthError {
	if len(scopes) == 0 {
		return &oauthError{http.StatusBadRequest, "invalid_request", "Missing required parameter: scope"}
	}
	photos, drive := false, false
	for _, s := range scopes {
		photos = photos || strings.HasPrefix(s, scopePrefix+"photos")
		drive = drive || strings.HasPrefix(s, scopePrefix+"drive")
		if !strings.HasPrefix(s, scopePrefix) && !slices.Contains([]string{"openid", "profile", "email"}, s) {
			return &oauthError{http.StatusBadRequest, "invalid_scope", "Some requested scopes were invalid."}
		}
	}
	if photos && drive {
		return &oauthError{http.StatusBadRequest, "invalid_request", "Photos and Drive scopes can not be asked for together."}
	}
	return nil
}

// loopback reports whether a redirect stays on the user's machine; a desktop
// client may use any port and path there.
func loopback(redirect string) bool {
	u, err := url.Parse(redirect)
	return err == nil && u.Scheme == "http" && u.User == nil && u.Fragment == "" &&
		slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

// redirect sends the browser back with a code or a refusal.
func (g *Google) redirect(w http.ResponseWriter, r *http.Request, form url.Values, allowed bool, granted []string) {
	asked := strings.Fields(form.Get("scope"))
	scopes := slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return !slices.Contains(granted, s) })
	back, err := url.Parse(form.Get("redirect_uri"))
	if err != nil {
		panic(err) // checked by checkAuthorization
	}
	query := back.Query()
	if form.Has("state") {
		query.Set("state", form.Get("state"))
	}
	if !allowed || len(scopes) == 0 {
		query.Set("error", "access_denied")
	} else {
		query.Set("code", g.oauth.code(g.consent(form, scopes)))
		query.Set("scope", strings.Join(scopes, " "))
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (g *Google) consent(form url.Values, scopes []string) consent {
	method := form.Get("code_challenge_method")
	defaultTo(&method, "plain")
	user := form.Get("login_hint")
	defaultTo(&user, g.opts.User)
	return consent{
		client: form.Get("client_id"), user: user, redirect: form.Get("redirect_uri"), scopes: scopes,
		challenge: form.Get("code_challenge"), method: method,
		offline: form.Get("access_type") == "offline", prompted: strings.Contains(form.Get("prompt"), "consent"),
		made: g.now(),
	}
}

// consentPage is what the user sees.
type consentPage struct {
	User, Project string
	Scopes        []consentScope
	Fields        []formField // the request, to be sent again with the decision
}

type consentScope struct{ Scope, Meaning string }

type formField struct{ Name, Value string }

var scopeMeanings = map[string]string{
	scopeAppend: "Add to your Google Photos library",
	scopeRead:   "See the photos, videos and albums that this app added",
	scopeEdit:   "Edit the photos, videos and albums that this app added",
}

func (g *Google) askConsent(w http.ResponseWriter, form url.Values) {
	p := consentPage{User: form.Get("login_hint"), Project: g.oauth.client(form.Get("client_id")).Project}
	defaultTo(&p.User, g.opts.User)
	for _, s := range strings.Fields(form.Get("scope")) {
		meaning := scopeMeanings[s]
		defaultTo(&meaning, s)
		p.Scopes = append(p.Scopes, consentScope{s, meaning})
	}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt", "code_challenge", "code_challenge_method", "login_hint"} {
		if form.Has(name) {
			p.Fields = append(p.Fields, formField{name, form.Get(name)})
		}
	}
	writeTemplate(w, http.StatusOK, "consent.html", p, "")
}

func writeConsentError(w http.ResponseWriter, e *oauthError) {
	writeTemplate(w, e.code, "refused.html", e, "")
}
