package oauth

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/page"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// Routes are the consent page and the token endpoints.
func (o *Server) Routes() []route.Route {
	var routes []route.Route
	for _, path := range []string{"/o/oauth2/auth", "/o/oauth2/v2/auth"} {
		routes = append(routes,
			route.Route{Name: "google.authorize", Role: route.Accounts, Pattern: "GET " + path, Handler: o.authorize, Refuse: photos.RefusePage},
			route.Route{Name: "google.authorize", Role: route.Accounts, Pattern: "POST " + path, Handler: o.decide, Refuse: photos.RefusePage})
	}
	for _, path := range []string{"/token", "/oauth2/v4/token"} {
		routes = append(routes, route.Route{Name: "google.token", Role: route.OAuth, Pattern: "POST " + path, Handler: flat(o.token), Refuse: refuseFlat})
	}
	return append(routes, route.Route{Name: "google.revoke", Role: route.OAuth, Pattern: "POST /revoke", Handler: flat(o.revokeToken), Refuse: refuseFlat})
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
		if e, ok := errors.AsType[*Error](err); ok {
			status, body = e.code, e
		} else if err != nil {
			status, body = http.StatusBadRequest, &Error{Name: "invalid_request", Description: "Bad Request"}
		}
		route.Respond(w, status, "application/json; charset=utf-8", string(google.EncodeJSON(body)))
	}
}

func refuseFlat(w http.ResponseWriter, r *http.Request, status int) {
	e := &Error{code: status, Name: "internal_failure", Description: "Backend Error"}
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

func (o *Server) token(form url.Values, r *http.Request) (any, error) {
	client := form.Get("client_id")
	if err := o.authenticate(client, form.Get("client_secret")); err != nil {
		return nil, err
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return o.exchange(form.Get("code"), form.Get("code_verifier"), form.Get("redirect_uri"), client, o.Now())
	case "refresh_token":
		refresh := form.Get("refresh_token")
		if fault.Of(r, fault.Revoke) != nil {
			_ = o.Revoke(refresh) // an unknown one is refused below
		}
		return o.refresh(refresh, client, strings.Fields(form.Get("scope")), o.Now())
	}
	return nil, &Error{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: " + form.Get("grant_type")}
}

func (o *Server) revokeToken(form url.Values, r *http.Request) (any, error) {
	token := form.Get("token")
	if token == "" {
		token = r.URL.Query().Get("token")
	}
	return struct{}{}, o.Revoke(token)
}

// authorize asks the user, or decides at once when the options or auto=1 say so.
func (o *Server) authorize(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	if err := o.checkAuthorization(form); err != nil {
		writeConsentError(w, err)
		return
	}
	if o.opts.AutoConsent || form.Get("auto") == "1" {
		granted := form.Get("scope")
		if o.opts.GrantScopes != nil {
			granted = strings.Join(o.opts.GrantScopes, " ")
		}
		o.redirect(w, r, form, !o.opts.DenyConsent, strings.Fields(granted))
		return
	}
	o.askConsent(w, form)
}

// decide takes the form of the consent page.
func (o *Server) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		writeConsentError(w, &Error{http.StatusBadRequest, "invalid_request", "The form can not be read."})
		return
	}
	if err := o.checkAuthorization(r.PostForm); err != nil {
		writeConsentError(w, err)
		return
	}
	o.redirect(w, r, r.PostForm, r.PostForm.Get("decision") == "allow", r.PostForm["grant"])
}

func (o *Server) checkAuthorization(form url.Values) *Error {
	refuse := func(code int, name, text string) *Error { return &Error{code, name, text} }
	method := form.Get("code_challenge_method")
	switch {
	case o.client(form.Get("client_id")) == nil:
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

func checkScopes(scopes []string) *Error {
	if len(scopes) == 0 {
		return &Error{http.StatusBadRequest, "invalid_request", "Missing required parameter: scope"}
	}
	photos, drive := false, false
	for _, s := range scopes {
		photos = photos || strings.HasPrefix(s, google.ScopePrefix+"photos")
		drive = drive || strings.HasPrefix(s, google.ScopePrefix+"drive")
		if !strings.HasPrefix(s, google.ScopePrefix) && !slices.Contains([]string{"openid", "profile", "email"}, s) {
			return &Error{http.StatusBadRequest, "invalid_scope", "Some requested scopes were invalid."}
		}
	}
	if photos && drive {
		return &Error{http.StatusBadRequest, "invalid_request", "Photos and Drive scopes can not be asked for together."}
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
func (o *Server) redirect(w http.ResponseWriter, r *http.Request, form url.Values, allowed bool, granted []string) {
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
		query.Set("code", o.code(o.consent(form, scopes)))
		query.Set("scope", strings.Join(scopes, " "))
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (o *Server) consent(form url.Values, scopes []string) consent {
	method := form.Get("code_challenge_method")
	method = cmp.Or(method, "plain")
	user := form.Get("login_hint")
	user = cmp.Or(user, o.opts.User)
	return consent{
		client: form.Get("client_id"), user: user, redirect: form.Get("redirect_uri"), scopes: scopes,
		challenge: form.Get("code_challenge"), method: method,
		offline: form.Get("access_type") == "offline", prompted: strings.Contains(form.Get("prompt"), "consent"),
		made: o.Now(),
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
	google.ScopeAppend: "Add to your Google Photos library",
	google.ScopeRead:   "See the photos, videos and albums that this app added",
	google.ScopeEdit:   "Edit the photos, videos and albums that this app added",
}

func (o *Server) askConsent(w http.ResponseWriter, form url.Values) {
	p := consentPage{User: form.Get("login_hint"), Project: o.client(form.Get("client_id")).Project}
	p.User = cmp.Or(p.User, o.opts.User)
	for _, s := range strings.Fields(form.Get("scope")) {
		meaning := scopeMeanings[s]
		meaning = cmp.Or(meaning, s)
		p.Scopes = append(p.Scopes, consentScope{s, meaning})
	}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt", "code_challenge", "code_challenge_method", "login_hint"} {
		if form.Has(name) {
			p.Fields = append(p.Fields, formField{name, form.Get(name)})
		}
	}
	page.Write(w, http.StatusOK, "consent.html", p, "")
}

func writeConsentError(w http.ResponseWriter, e *Error) {
	page.Write(w, e.code, "refused.html", e, "")
}
