package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// Status is what is known about saved credentials. Times are UTC and zero if
// unknown. The Google account's address is not among it: Gondola never asks.
type Status struct {
	Account       string    `json:"account"`                 // 16 hex digits
	ClientID      string    `json:"client_id,omitempty"`     // OAuth client they were issued to
	Scopes        []string  `json:"scopes,omitempty"`        // as granted
	Missing       []string  `json:"missing,omitempty"`       // of DefaultScopes
	AccessExpiry  time.Time `json:"access_expiry,omitzero"`  // end of the access token; it is renewed by itself
	RefreshToken  bool      `json:"refresh_token"`           // whether there is one
	RefreshExpiry time.Time `json:"refresh_expiry,omitzero"` // end of the refresh token, if Google named one
	ConsentedAt   time.Time `json:"consented_at,omitzero"`   // last login
	Testing       bool      `json:"testing"`                 // the app looks to be in publishing status "Testing"
	Verified      bool      `json:"verified"`                // Google accepted the refresh token just now
	Unsaved       error     `json:"-"`                       // why the token file cannot be written; nil if it can, or nothing was to be written
	Warnings      []string  `json:"warnings,omitempty"`      // sentences for the user
}

// Status says what is valid and until when. Online, it proves the refresh
// token by a refresh. The error is why the credentials cannot be used, as from
// [Tokens.Token]; the status then holds what the file says, if it could be read.
func (t *Tokens) Status(ctx context.Context, online bool) (Status, error) {
	if ctx.Err() != nil {
		return Status{}, context.Cause(ctx)
	}
	if err := t.reload(); err != nil {
		return Status{}, err
	}
	c, err := t.credentials()
	if err != nil {
		return Status{}, err
	}
	if c.RefreshToken == "" {
		return statusOf(c), t.refuse("the file holds no refresh token", loginHint)
	}
	if !online {
		_, err := t.client(c)
		return statusOf(c), err
	}
	t.Invalidate(c.AccessToken)
	if _, err := t.Token(ctx); err != nil {
		return statusOf(c), err
	}
	if c, err = t.credentials(); err != nil {
		return Status{}, err
	}
	s := statusOf(c)
	s.Verified = true
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Unsaved = t.saveErr; s.Unsaved != nil {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%v. Each run refreshes the access token anew and keeps it in memory.", s.Unsaved))
	}
	return s, nil
}

func statusOf(c *Credentials) Status {
	s := Status{
		Account:       c.Account,
		ClientID:      c.ClientID,
		Scopes:        c.Scopes,
		AccessExpiry:  c.Expiry,
		RefreshToken:  c.RefreshToken != "",
		RefreshExpiry: c.RefreshExpiry,
		ConsentedAt:   c.ConsentedAt,
		Testing:       c.testing(),
	}
	if len(c.Scopes) > 0 {
		s.Missing = MissingScopes(DefaultScopes(), c.Scopes)
	}
	s.Warnings = warnings(c, s.Missing)
	return s
}

const day = "2006-01-02 15:04 MST"

// warnings says what will not work, now or soon.
func warnings(c *Credentials, missing []string) []string {
	var all []string
	if c.testing() {
		all = append(all, "The app looks to be in publishing status \"Testing\": this login ends 7 days after consent, on "+
			c.RefreshExpiry.Format(day)+". Set the status to \"In production\" in the Google Cloud console "+
			"(Google Auth Platform, Audience), then "+loginHint+".")
	} else if !c.RefreshExpiry.IsZero() {
		all = append(all, "This login ends on "+c.RefreshExpiry.Format(day)+"; before that, "+loginHint+".")
	}
	if len(missing) > 0 {
		all = append(all, missingNotice(missing))
	}
	return all
}

// missingNotice says which rights were not granted and what that costs.
func missingNotice(missing []string) string {
	return fmt.Sprintf("Not granted: %s. What needs it will fail; %s and tick every box to grant it.",
		shortScopes(missing), loginHint)
}

// scopeFault is for rights without which nothing works.
func scopeFault(missing []string) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.Scope, Op: "log in to Google",
		Err:  fmt.Errorf("not granted: %s", shortScopes(missing)),
		Hint: loginHint + ", and tick every box on Google's page",
	}
}
