package auth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
)

const (
	// earlyRefresh is how long before its end an access token is replaced.
	earlyRefresh = 3*time.Minute + 45*time.Second
	// lastResort is how long an access token must still live to be handed out
	// when it cannot be replaced.
	lastResort = 10 * time.Second
)

// renew makes the current access token a fresh one. One renew runs at a time,
// also among the processes that share the file.
func (t *Tokens) renew(ctx context.Context) (string, error) {
	unlock, err := t.cfg.Store.lock(ctx)
	if err != nil {
		if _, err := t.credentials(); err != nil {
			return "", err
		}
		return t.makeDo(&fault.Error{Class: fault.Transient, Code: fault.Auth, Op: refreshOp, Err: err})
	}
	defer unlock()
	if err := t.reload(); err != nil {
		return "", err
	}
	if err := t.save(); err != nil {
		return "", err
	}
	if token, ok := t.cached(); ok {
		return token, nil // another caller or another process was faster
	}
	if err := t.refresh(ctx); err != nil {
		return t.makeDo(err)
	}
	if err := t.save(); err != nil {
		return "", err
	}
	if token, ok := t.cached(); ok {
		return token, nil
	}
	return "", &fault.Error{Class: fault.Transient, Code: fault.Auth, Op: refreshOp,
		Err: errors.New("the token file changed meanwhile, or the new token was rejected at once")}
}

// refresh exchanges the refresh token. If it is refused, the file is read again
// first: a login or a program that heeds no lock may have replaced it.
func (t *Tokens) refresh(ctx context.Context) error {
	before, err := t.credentials()
	if err != nil {
		return err
	}
	refused := t.exchange(ctx, before)
	if !isInvalidGrant(refused) || t.reload() != nil {
		return refused
	}
	if _, ok := t.cached(); ok {
		return nil
	}
	now, err := t.credentials()
	if err != nil || now.RefreshToken == before.RefreshToken {
		return refused
	}
	return t.exchange(ctx, now)
}

func isInvalidGrant(err error) bool {
	e, ok := errors.AsType[*endpointError](err)
	return ok && e.code == "invalid_grant"
}

// reload takes over what the file says now, if that is news: a file that could
// not be written stays behind what is known here.
func (t *Tokens) reload() error {
	disk, err := t.cfg.Store.Load()
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		t.current, t.seen = disk, disk
		return nil
	}
	if disk.derived && disk.RefreshToken == t.seen.RefreshToken {
		disk.keepOwn(t.current)
	}
	if disk.Account != t.current.Account {
		return t.refuse("the file now belongs to another Google account", "start again to use that account")
	}
	news := disk.RefreshToken != t.seen.RefreshToken || disk.AccessToken != t.seen.AccessToken
	t.seen = disk
	if t.unsaved && !news {
		return nil
	}
	if disk.AccessToken != t.current.AccessToken {
		t.margin = earlyRefresh
	}
	t.current, t.unsaved = disk, false
	return nil
}

// keepOwn restores what a program that does not know it has dropped from the
// file.
func (c *Credentials) keepOwn(known *Credentials) {
	c.Account, c.Probe = known.Account, known.Probe
	c.ConsentedAt, c.RefreshExpiry = known.ConsentedAt, known.RefreshExpiry
}

const refreshOp = "refresh the Google access token"

// exchange gets a new access token and makes it the current one, not yet
// saved.
func (t *Tokens) exchange(ctx context.Context, before *Credentials) error {
	client, err := t.client(before)
	if err != nil {
		return err
	}
	if before.RefreshToken == "" {
		return t.refuse("the file holds no refresh token", loginHint)
	}
	ctx, cancel := t.cfg.call(ctx)
	defer cancel()
	source := client.config("", nil).TokenSource(ctx, &oauth2.Token{RefreshToken: before.RefreshToken})
	answer, err := source.Token()
	if err != nil {
		return newFault(refreshOp+" at "+client.tokenHost(), err, client.Secret, before.RefreshToken, before.AccessToken)
	}
	after := *before
	after.take(answer, time.Now())
	after.ClientID, after.ClientSecret, after.TokenURI = client.ID, client.Secret, client.TokenURI
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.unsaved, t.rejected = &after, true, ""
	t.margin = min(earlyRefresh, lifeOf(answer)/4)
	t.cfg.Logger.Debug("refreshed the Google access token", "account", after.Account, "expires", after.Expiry)
	return nil
}

// client returns the OAuth client that the credentials were issued to. A client
// file cannot send them elsewhere: its token endpoint must be the one that is
// recorded with them.
func (t *Tokens) client(c *Credentials) (*Client, error) {
	if t.cfg.Client == nil {
		if client, ok := c.client(); ok {
			return client, nil
		}
		return nil, t.refuse("the file names no OAuth client", "give client_secret.json with --credentials")
	}
	if c.ClientID != "" && c.ClientID != t.cfg.Client.ID {
		return nil, t.refuse("the file was issued to another OAuth client than the one of client_secret.json",
			"use the client_secret.json of that login, or "+loginHint)
	}
	if !sameIssuer(c.issuer(), t.cfg.Client.TokenURI) {
		return nil, t.refuse("the file holds tokens for "+hostOf(c.issuer())+", and client_secret.json would send them to "+t.cfg.Client.tokenHost(),
			"use the client_secret.json of that login; only if you trust "+t.cfg.Client.tokenHost()+", "+loginHint)
	}
	return t.cfg.Client, nil
}

// save brings new tokens into the file, unless the file has got tokens of
// another login meanwhile: those are then the current ones. Tokens that cannot
// be saved stay in memory. The caller holds the store's lock.
func (t *Tokens) save() error {
	t.mu.Lock()
	fresh, seen, unsaved := t.current, t.seen, t.unsaved
	t.mu.Unlock()
	if !unsaved {
		return nil
	}
	superseded := false
	saved := *fresh
	err := t.cfg.Store.change(func(disk *Credentials) bool {
		if superseded = disk.RefreshToken != seen.RefreshToken; superseded {
			return false
		}
		if !disk.derived {
			saved.Account, saved.Probe, saved.ConsentedAt = disk.Account, disk.Probe, disk.ConsentedAt
		}
		*disk = saved
		return true
	})
	switch {
	case superseded:
		return t.reload()
	case err != nil:
		t.keep(err, fresh.RefreshToken != seen.RefreshToken)
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.seen, t.unsaved, t.saveErr = &saved, &saved, false, nil
	return nil
}

// keep notes that the current tokens are in memory only, and warns once.
func (t *Tokens) keep(err error, rotated bool) {
	t.mu.Lock()
	warned := t.warned
	t.saveErr, t.warned = err, true
	t.mu.Unlock()
	if warned {
		return
	}
	text := "new Google access token cannot be saved; it is kept in memory, and the next run gets its own"
	if rotated {
		text = "new Google refresh token cannot be saved; it ends with this process: make the token file writable, then " + loginHint
	}
	t.cfg.Logger.Warn(text, "error", err)
}

// makeDo returns the old access token if it still lives and only its
// replacement failed for now.
func (t *Tokens) makeDo(err error) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if fault.ClassOf(err) != fault.Transient || !t.alive(lastResort) {
		return "", err
	}
	t.cfg.Logger.Warn("google access token could not be refreshed; the old one is used while it lives", "error", err)
	return t.current.AccessToken, nil
}

// refuse is a fault of the token file that only the user can mend.
func (t *Tokens) refuse(why, hint string) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op: "use Google credentials " + t.cfg.Store.Path(), Err: errors.New(why), Hint: hint,
	}
}
