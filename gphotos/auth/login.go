package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
)

// Login asks the user for the right to use a Google Photos account and saves
// the tokens in Store: OAuth's authorization code flow with PKCE. Client and
// Store are required. If the login fails, the store stays as it was.
type Login struct {
	Config
	// Scopes are asked for; nil is DefaultScopes.
	Scopes []string
	// Timeout bounds the wait for the user; 0 is 5 minutes.
	Timeout time.Duration
	// Probe, if not nil, reports whether a new access token opens the same Google
	// account as the credentials saved before, for example by asking for the
	// media item [Credentials.Probe]. It is called only if there are such
	// credentials. If they are the same account, it keeps its id and with it
	// its ledger; if they are not, or it is unknown, it gets a new one.
	Probe func(ctx context.Context, accessToken string) (same bool, err error)
}

// Result is what a login brought.
type Result struct {
	Account     string    // 16 hex digits that stand for the Google account
	SameAccount bool      // it is the account of the credentials saved before
	Granted     []string  // scopes
	Missing     []string  // scopes asked for and not granted
	Until       time.Time // end of the login, UTC; zero if Google named none
	Notices     []string  // what the user should know, in sentences
}

const (
	loginTimeout = 5 * time.Minute
	loginOp      = "log in to Google"
)

var errLoginTimeout = errors.New("the page of Google was not answered in time")

// attempt is one login under way.
type attempt struct {
	login    Login
	config   *oauth2.Config
	state    string
	verifier string
}

func (l Login) withDefaults() Login {
	l.Config = l.Config.withDefaults()
	if len(l.Scopes) == 0 {
		l.Scopes = DefaultScopes()
	}
	if l.Timeout <= 0 {
		l.Timeout = loginTimeout
	}
	return l
}

func (l Login) begin(redirect string) *attempt {
	return &attempt{
		login:    l,
		config:   l.Client.config(redirect, l.Scopes),
		state:    rand.Text(),
		verifier: oauth2.GenerateVerifier(),
	}
}

// url is the address of the consent page.
func (a *attempt) url() string {
	return a.config.AuthCodeURL(a.state,
		oauth2.AccessTypeOffline,
		oauth2.SetAuthURLParam("prompt", "consent"), // or a repeated login brings no refresh token
		oauth2.S256ChallengeOption(a.verifier))
}

// finish spends the code and saves what it brings.
func (a *attempt) finish(ctx context.Context, code string) (*Result, error) {
	answer, err := a.exchange(ctx, code)
	if err != nil {
		return nil, err
	}
	l := a.login
	c := &Credentials{
		Scopes: l.Scopes, ConsentedAt: time.Now().UTC(),
		ClientID: l.Client.ID, ClientSecret: l.Client.Secret, TokenURI: l.Client.TokenURI,
	}
	c.take(answer, c.ConsentedAt)
	missing := MissingScopes(l.Scopes, c.Scopes)
	if len(missing) == len(l.Scopes) || slices.Contains(missing, ScopeAppend) {
		return nil, scopeFault(missing)
	}
	if c.RefreshToken == "" {
		return nil, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: loginOp,
			Err:  errors.New("google sent no refresh token, so that the login would end within the hour"),
			Hint: "remove the app at https://myaccount.google.com/permissions, then " + loginHint,
		}
	}
	same, notice := l.identify(ctx, c)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := l.Store.Save(c); err != nil {
		return nil, err
	}
	notices := warnings(c, missing)
	if notice != "" {
		notices = append(notices, notice)
	}
	return &Result{
		Account: c.Account, SameAccount: same, Granted: c.Scopes, Missing: missing,
		Until: c.RefreshExpiry, Notices: notices,
	}, nil
}

func (a *attempt) exchange(ctx context.Context, code string) (*oauth2.Token, error) {
	callCtx, cancel := a.login.call(ctx)
	defer cancel()
	answer, err := a.config.Exchange(callCtx, code, oauth2.VerifierOption(a.verifier))
	if err == nil {
		return answer, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	client := a.login.Client
	f := newFault(loginOp+" at "+client.tokenHost(), err, client.Secret, code, a.verifier)
	if e, ok := errors.AsType[*endpointError](f.Err); ok && e.code == "invalid_grant" {
		f.Hint = hintCode
	}
	return nil, f
}

// identify gives new credentials their account id: the one of the credentials
// saved before if it is the same account.
func (l Login) identify(ctx context.Context, c *Credentials) (same bool, notice string) {
	c.Account = newAccount()
	previous, err := l.Store.Load()
	if err != nil || previous.Account == "" || l.Probe == nil {
		return false, ""
	}
	same, err = l.Probe(ctx, c.AccessToken)
	if err != nil {
		l.Logger.Warn("could not tell whether the Google account is the same as before", "error", err)
		return false, "Whether this is the same Google account as before could not be found out, so it is treated as a new one: " +
			"what is already there may be sent again, and Google Photos keeps it once."
	}
	if same {
		c.Account, c.Probe = previous.Account, previous.Probe
	}
	return same, ""
}

// denied explains an error that Google's page sent back instead of a code.
func denied(code string) error {
	f := &fault.Error{Class: fault.Session, Code: fault.Auth, Op: loginOp}
	f.Err = errors.New("google answered " + plain(code, nil))
	f.Hint = loginHint
	switch code {
	case "access_denied":
		f.Err = errors.New("access was denied on Google's page")
		f.Hint = loginHint + ", and allow access. If the page says that the app is being tested, add the account as a " +
			"test user or set the publishing status to \"In production\" (Google Auth Platform, Audience)"
	case "admin_policy_enforced", "org_internal":
		f.Hint = hintPolicy
	case "redirect_uri_mismatch":
		f.Hint = hintRedirect
	}
	return f
}

// patience returns a context that ends when the user has taken too long.
func (l Login) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, l.Timeout, &fault.Error{
		Class: fault.Session, Code: fault.Auth, Op: loginOp,
		Err: errLoginTimeout, Hint: loginHint,
	})
}

// trimPasted removes what copying puts around an address.
func trimPasted(s string) string { return strings.Trim(s, " \t\r\n\"'<>`") }
