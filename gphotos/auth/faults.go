package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/transport"
)

// Hints for what only the user can mend.
const (
	hintGrant = loginHint + ". Google drops the right when it is revoked in the account's security settings, " +
		"when it was not used for six months, when too many logins followed it, by an administrator's policy, " +
		"and 7 days after every login while the app's publishing status is \"Testing\": " +
		"if this comes back every week, set it to \"In production\" in the Google Cloud console (Google Auth Platform, Audience) first"
	hintCode    = "an authorization code works once and for a few minutes only; " + loginHint
	hintInvalid = "check that client_secret.json is the one of a client that still exists; download it again " +
		"or create a client of type \"Desktop app\" in the Google Cloud console, then " + loginHint
	hintDeleted = "the OAuth client was deleted, which Google also does after six months without use: restore it in the " +
		"Google Cloud console within 30 days, or create a new one of type \"Desktop app\", then " + loginHint
	hintType      = "create an OAuth client of type \"Desktop app\" in the Google Cloud console, then " + loginHint
	hintRedirect  = "add the address to the client's authorized redirect URIs, or better create a client of type \"Desktop app\""
	hintPolicy    = "ask the administrator of the Google account to allow the app, or use another account"
	hintForbidden = "a proxy or firewall on the way refuses the token endpoint, or Google turns this network away: " +
		"let the host through, or use another network; the login itself is not in doubt"
	hintEndpoint = "check auth_uri and token_uri in client_secret.json"
)

// endpointError is an answer of an OAuth endpoint that is not what was asked
// for. It holds nothing secret.
type endpointError struct {
	status      int    // HTTP
	code        string // OAuth's error; "" if the answer has none
	description string
}

func (e *endpointError) Error() string {
	switch {
	case e.code == "":
		return fmt.Sprintf("HTTP status %d", e.status)
	case e.description == "":
		return e.code
	}
	return fmt.Sprintf("%s (%s)", e.code, e.description)
}

// fault turns a failure of an OAuth endpoint into a fault. Secrets are what
// must not appear in it, whatever the endpoint says.
func newFault(op string, err error, secrets ...string) *fault.Error {
	f := &fault.Error{Op: op}
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		judgeLine(f, err)
		return f
	}
	e := &endpointError{code: plain(answer.ErrorCode, secrets), description: plain(answer.ErrorDescription, secrets)}
	f.Err = e
	if answer.Response != nil {
		e.status = answer.Response.StatusCode
		f.RetryAfter = retryAfter(answer.Response.Header)
	}
	classify(f, e)
	return f
}

// judgeLine completes the fault of a request that was not answered, without the
// request's address.
func judgeLine(f *fault.Error, err error) {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	} else if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		f.Class, f.Code, f.Err = fault.Transient, fault.Protocol, errors.New("the answer holds no token")
		return
	}
	f.Err = err
	transport.Judge(f)
}

func classify(f *fault.Error, e *endpointError) {
	transient := func(code string) { f.Class, f.Code = fault.Transient, code }
	final := func(hint string) { f.Class, f.Code, f.Hint = fault.Session, fault.Auth, hint }
	switch e.code {
	case "internal_failure", "server_error", "temporarily_unavailable":
		transient(fault.Server)
		return
	case "rate_limit_exceeded", "slow_down":
		transient(fault.Rate)
		return
	}
	switch {
	case e.status == http.StatusTooManyRequests:
		transient(fault.Rate)
		return
	case e.status == http.StatusRequestTimeout, e.status >= 500:
		transient(fault.Server)
		return
	}
	switch e.code {
	case "":
		final(hintEndpoint)
		f.Code = fault.Protocol
		judgeBare(f, e.status)
	case "invalid_grant":
		final(hintGrant)
	case "invalid_client":
		final(hintInvalid)
	case "deleted_client", "disabled_client":
		final(hintDeleted)
	case "unauthorized_client":
		final(hintType)
	case "redirect_uri_mismatch":
		final(hintRedirect)
	case "admin_policy_enforced", "org_internal":
		final(hintPolicy)
	default:
		final(loginHint)
	}
}

// judgeBare is for statuses without an OAuth error, which are not of the token
// endpoint itself but of something in front of it.
func judgeBare(f *fault.Error, status int) {
	switch status {
	case http.StatusProxyAuthRequired:
		f.Code, f.Hint = fault.Unreachable, transport.HintProxyLogin
	case http.StatusForbidden:
		f.Code, f.Hint = fault.Unreachable, hintForbidden
	}
}

const (
	maxText       = 200       // characters of an endpoint's own words
	maxRetryAfter = time.Hour // more is not believed
)

// plain makes an endpoint's words fit to be shown: short, printable, and
// without any of the secrets.
func plain(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.NewReplacer(secret, "…", url.QueryEscape(secret), "…").Replace(text)
		}
	}
	var b strings.Builder
	for n, r := range []rune(text) {
		if n == maxText {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// retryAfter reads a Retry-After header: seconds, or a date by the clock of the
// service.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		wait = at.Sub(now)
	}
	return max(0, min(wait, maxRetryAfter))
}
