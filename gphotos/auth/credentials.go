package auth

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"time"
)

// Credentials are the tokens of one Google account and what is known about
// them. They are secrets: printing or logging them shows only the account id.
type Credentials struct {
	AccessToken  string
	RefreshToken string
	Expiry       time.Time // of AccessToken, UTC; zero counts as expired
	Scopes       []string  // as granted; nil if unknown

	// The OAuth client they were issued to; "" in files of programs that do
	// not keep it.
	ClientID     string
	ClientSecret string
	TokenURI     string

	// Account is 16 hex digits that stand for the Google account, the same in
	// every run. It says nothing about the account.
	Account string
	// Probe is the id of a media item in the account, or "".
	Probe string
	// ConsentedAt is when the user gave consent, UTC; zero if unknown.
	ConsentedAt time.Time
	// RefreshExpiry is when RefreshToken ends, UTC; zero if Google named no end.
	RefreshExpiry time.Time

	// derived says that Account was computed and is not in the file.
	derived bool
}

// testingLife is how long Google lets a refresh token of an app in publishing
// status "Testing" live.
const testingLife = 7 * 24 * time.Hour

// testing reports whether the credentials look like those of an app in
// publishing status "Testing".
func (c *Credentials) testing() bool {
	if c.ConsentedAt.IsZero() || c.RefreshExpiry.IsZero() {
		return false
	}
	return (c.RefreshExpiry.Sub(c.ConsentedAt) - testingLife).Abs() < time.Hour
}

// client returns the OAuth client that the credentials name. It can refresh
// and revoke, not log in.
func (c *Credentials) client() (*Client, bool) {
	client := &Client{ID: c.ClientID, Secret: c.ClientSecret, TokenURI: c.issuer(), AuthURI: googleAuthURI}
	return client, client.validate() == nil
}

// issuer returns the token endpoint that the credentials are for. Files that
// name none are Google's.
func (c *Credentials) issuer() string { return cmp.Or(c.TokenURI, googleTokenURI) }

// sameIssuer reports whether two token endpoints belong to one service: Google
// has had several.
func sameIssuer(a, b string) bool {
	return a == b || slices.Contains(googleTokenURIs, a) && slices.Contains(googleTokenURIs, b)
}

// googleTokenURIs are the token endpoints that client files from Google name.
var googleTokenURIs = []string{
	googleTokenURI,
	"https://accounts.google.com/o/oauth2/token",
	"https://www.googleapis.com/oauth2/v3/token",
	"https://www.googleapis.com/oauth2/v4/token",
}

const (
	googleAuthURI  = "https://accounts.google.com/o/oauth2/auth"
	googleTokenURI = "https://oauth2.googleapis.com/token"
)

const accountBytes = 8

// derivedAccount is the account id of a file that does not name one.
func derivedAccount(refreshToken string) string {
	if refreshToken == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(refreshToken))
	return hex.EncodeToString(sum[:accountBytes])
}

func newAccount() string {
	id := make([]byte, accountBytes)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// String names the credentials without the tokens.
func (c Credentials) String() string { return "credentials of account " + c.Account }

// GoString does the same for %#v.
func (c Credentials) GoString() string { return c.String() }

// LogValue does the same for logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }
