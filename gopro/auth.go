package gopro

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/retry"
)

// OAuth renews access tokens. The client id and secret are GoPro's to give:
// Gondola has none of its own.
type OAuth struct {
	ClientID     string
	ClientSecret string
	RefreshToken string
	// Save stores renewed tokens before they are used. A refresh token is good
	// for one renewal, so losing the new one means signing in again; an error
	// therefore ends the session.
	Save func(ctx context.Context, t TokenPair) error
}

// LogValue leaves out everything.
func (OAuth) LogValue() slog.Value { return slog.StringValue("[credentials]") }

// TokenPair is what a renewal returns.
type TokenPair struct {
	Access  string
	Refresh string
	Expiry  time.Time // of Access, by the clock here; zero if unknown
}

// LogValue leaves out the tokens.
func (t TokenPair) LogValue() slog.Value { return slog.GroupValue(slog.Time("expiry", t.Expiry)) }

// signInHint is the next step when only a person can help.
const signInHint = "sign in at https://gopro.com/media-library/, copy the cookie gp_access_token " +
	"(developer tools, Application, Cookies), and run: gondola login gopro"

// renewEarly is how long before its expiry a token is renewed.
const renewEarly = 30 * time.Minute

// auth holds the access token and renews it, one renewal at a time.
type auth struct {
	client *Client
	turn   chan struct{} // holds one element; who takes it owns the fields below
	tokens TokenPair
	oauth  *OAuth
	due    time.Time // when to renew without being asked; zero for never
}

func newAuth(c *Client, token string, o *OAuth) (*auth, error) {
	a := &auth{client: c, turn: make(chan struct{}, 1)}
	if o != nil {
		if o.ClientID == "" || o.ClientSecret == "" || o.RefreshToken == "" {
			return nil, authFault("sign in to GoPro", errors.New("renewing a token takes a client id, a client secret and a refresh token"))
		}
		copied := *o
		a.oauth, a.tokens.Refresh = &copied, o.RefreshToken
	}
	if token != "" {
		parsed, err := ParseToken(token)
		if err != nil {
			return nil, authFault("sign in to GoPro", err)
		}
		a.tokens.Access = parsed
	} else if o == nil {
		return nil, authFault("sign in to GoPro", errors.New("there is no access token"))
	}
	a.turn <- struct{}{}
	return a, nil
}

func authFault(op string, err error) *fault.Error {
	return &fault.Error{Class: fault.Session, Code: fault.Auth, Op: op, Err: err, Hint: signInHint}
}

// current returns the token to use now.
func (a *auth) current(ctx context.Context) (string, error) {
	release, err := a.take(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	if a.tokens.Access != "" && (a.due.IsZero() || time.Now().Before(a.due)) {
		return a.tokens.Access, nil
	}
	err = a.renew(ctx)
	if err != nil && a.tokens.Access != "" && fault.ClassOf(err) == fault.Transient {
		a.due = time.Now().Add(time.Minute) // the old one is still good
		return a.tokens.Access, nil
	}
	return a.tokens.Access, err
}

// replace returns a token to use after stale was rejected, or a fault with
// fault.Auth if there is no other.
func (a *auth) replace(ctx context.Context, op, stale string) (string, error) {
	release, err := a.take(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	if a.tokens.Access != stale {
		return a.tokens.Access, nil // renewed meanwhile
	}
	if a.oauth == nil {
		return "", authFault(op, errors.New("the GoPro access token has expired or is not accepted"))
	}
	if err := a.renew(ctx); err != nil {
		return "", err
	}
	return a.tokens.Access, nil
}

func (a *auth) take(ctx context.Context) (release func(), err error) {
	select {
	case <-a.turn:
		return func() { a.turn <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// renew spends the refresh token. The caller has taken its turn.
func (a *auth) renew(ctx context.Context) error {
	var t *oauth2.Token
	err := retry.Do(ctx, a.client.retry, func(ctx context.Context) (err error) {
		t, err = a.exchange(ctx)
		return err
	})
	if err != nil {
		return err
	}
	a.tokens = TokenPair{Access: t.AccessToken, Refresh: t.RefreshToken, Expiry: t.Expiry}
	a.due = time.Time{}
	if life := time.Until(t.Expiry); life > 0 {
		a.due = t.Expiry.Add(-min(renewEarly, life/2))
	}
	if a.oauth.Save == nil {
		return nil
	}
	if err := a.oauth.Save(context.WithoutCancel(ctx), a.tokens); err != nil {
		return &fault.Error{Class: fault.Session, Code: fault.State, Op: "save the renewed GoPro token", Err: err,
			Hint: "make the credential store writable, then run: gondola login gopro"}
	}
	return nil
}

const (
	maxTokenAnswer = 64 << 10 // bytes
	maxTokenValues = 1000
)

// bounded returns a client for the OAuth library, which reads answers whole and
// decodes them without a limit.
func bounded(c *http.Client) *http.Client {
	copied := *c
	copied.Transport = jsonlimit.Transport(copied.Transport, maxTokenAnswer, maxTokenValues)
	return &copied
}

// renewGrace is how long a renewal goes on after its caller has ended.
const renewGrace = 5 * time.Second

// outlasting returns a context that ends after a time, or renewGrace after ctx: the
// service spends a refresh token when it is asked, and an answer that is not waited
// for is lost with the token in it.
func outlasting(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(renewGrace, cancel) })
	return longer, func() { stop(); cancel() }
}

func (a *auth) exchange(ctx context.Context) (*oauth2.Token, error) {
	const op = "renew the GoPro access token"
	ctx, cancel := outlasting(ctx, apiTimeout)
	defer cancel()
	config := oauth2.Config{
		ClientID:     a.oauth.ClientID,
		ClientSecret: a.oauth.ClientSecret,
		Endpoint: oauth2.Endpoint{
			TokenURL:  a.client.base.JoinPath("v1/oauth2/token").String(),
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	a.client.apiRequests.Add(1)
	t, err := config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, bounded(a.client.api)), &oauth2.Token{RefreshToken: a.tokens.Refresh}).Token()
	if err == nil {
		if err := checkCharacters(t.AccessToken); err != nil {
			return nil, authFault(op, err)
		}
		return t, nil
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return nil, netFault(ctx, op, err)
	}
	f := statusFault(op, refused.Response, word(refused.ErrorCode))
	if f.Class != fault.Transient {
		f.Class, f.Code, f.Hint = fault.Session, fault.Auth, signInHint
	}
	return nil, f
}
