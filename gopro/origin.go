package gopro

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"sync"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// origin remembers which account a client reads. It is safe for concurrent use.
type origin struct {
	once sync.Once
	turn chan struct{} // holds one element; the goroutine that takes it owns the fields below

	known bool
	user  string // "" if the cloud does not say
}

// take returns the function that gives the turn back.
func (o *origin) take(ctx context.Context) (release func(), err error) {
	o.once.Do(func() {
		o.turn = make(chan struct{}, 1)
		o.turn <- struct{}{}
	})
	select {
	case <-o.turn:
		return func() { o.turn <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Origin returns which account the source reads: "gopro:" and the id of the user,
// the same for every token and every name of the account.
//
// The cloud is asked for the account's own record once per client; the answer is
// remembered, an error is not. If the cloud has no such record, or one without an
// id, the id that it puts on each medium is taken. Origin returns "" if there is
// no medium either: the account is not known then, and may be any.
func (s *Source) Origin(ctx context.Context) (string, error) {
	user, err := s.client.userID(ctx)
	if user == "" || err != nil {
		return "", err
	}
	return scheme + ":" + user, nil
}

func (c *Client) userID(ctx context.Context) (string, error) {
	release, err := c.origin.take(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	if c.origin.known {
		return c.origin.user, nil
	}
	account, err := c.User(ctx)
	if err != nil && (statusOf(err) != http.StatusNotFound || fault.CodeOf(err) == fault.Auth) {
		return "", err
	}
	user := plainID(account.ID)
	if user == "" {
		if user, err = c.owner(ctx); err != nil {
			return "", err
		}
	}
	c.origin.known, c.origin.user = true, user
	return user, nil
}

// owner returns the user whose id is on the newest medium, or "" if there is
// none. A search returns that id whether it was asked for or not.
func (c *Client) owner(ctx context.Context) (string, error) {
	q := Query{Page: 1, PerPage: 1}.values()
	q.Set("fields", "id,gopro_user_id")
	return get(ctx, c, call{op: "look up the GoPro account by its newest medium", path: "media/search", query: q}, ownerIn)
}

func ownerIn(a answer) (string, error) {
	page, err := decodePage(a.body, false)
	switch {
	case err != nil:
		return "", err
	case len(page.Rows) == 0 && page.TotalItems > 0:
		return "", errors.New("the listing came without its rows")
	}
	ids, err := jsonlimit.List(jsonlimit.Member(embeddedIn(a.body), "media"), rowLimits, func(b []byte) string {
		return plainID(objectOf(b).text("gopro_user_id"))
	})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// userIDForm is wider than the UUIDs that were seen, and too narrow for anything
// that a log or a key should not hold.
var userIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// plainID returns an id of a user if it can be one, and "" otherwise.
func plainID(id string) string {
	if !userIDForm.MatchString(id) {
		return ""
	}
	return id
}
