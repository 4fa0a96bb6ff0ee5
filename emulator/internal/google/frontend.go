package google

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// ErrDropped says that the client is gone and the connection is to be broken.
var ErrDropped = errors.New("request broken off")

// drainLimit is how much of a refused request's body is still read, so that a
// client that is busy sending gets to see the answer.
const drainLimit = 8 << 20

// Answers to a second write of a user while the first is under way.
const (
	OverlapQuota    = "429" // the quota error "concurrent write request"
	OverlapAborted  = "409" // ABORTED
	OverlapInternal = "500" // INTERNAL
	OverlapAllowed  = "allow"
)

// Authority knows what access tokens stand for.
type Authority interface {
	Caller(token string) (Caller, error)
	Expire(token string)
	Revoke(token string) error
}

// Frontend is what each call of Google's API passes: its token is checked, it is
// counted, and writes of a user are alone.
type Frontend struct {
	Authority Authority
	Quota     *Quota
	Now       func() time.Time
	WriteTime time.Duration // how long a write takes
	Overlap   string        // what a second write of a user is answered: OverlapQuota, …
}

// Call is one JSON method of the Library API.
type Call struct {
	Name    string
	Pattern string
	Scopes  []string // one of them is needed
	Write   bool
	Query   []string // parameters of its own
	Do      func(c Caller, r *http.Request) (any, error)
}

// WithStatus is an answer whose HTTP status is not 200.
type WithStatus struct {
	Status int
	Body   any
}

// Route is a call that the frontend admits, counts and answers.
func (f *Frontend) Route(c Call) route.Route {
	return route.Route{
		Name: c.Name, Role: route.Photos, Pattern: c.Pattern, Refuse: RefuseEnvelope,
		Handler: func(w http.ResponseWriter, r *http.Request) {
			body, err := f.run(c, r)
			if err != nil {
				AnswerError(w, r, err)
				return
			}
			if s, ok := body.(WithStatus); ok {
				writeJSON(w, s.Status, s.Body)
				return
			}
			writeJSON(w, http.StatusOK, body)
		},
	}
}

// AnswerError answers with an *[Error], and breaks the connection for any other.
func AnswerError(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[*Error](err); ok {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit) // what is left of it does not matter
		e.write(w)
		return
	}
	route.Drop(w, r)
}

func (f *Frontend) run(c Call, r *http.Request) (any, error) {
	caller, err := f.Admit(r, c.Scopes)
	if err != nil {
		return nil, err
	}
	if err := f.Quota.Request(caller.Project, f.Now()); err != nil {
		return nil, err
	}
	if err := checkQuery(r, c.Query); err != nil {
		return nil, err
	}
	if !c.Write {
		return c.Do(caller, r)
	}
	return f.write(c, caller, r)
}

// write runs a call that changes the account: counted by the minute, and alone.
func (f *Frontend) write(c Call, caller Caller, r *http.Request) (any, error) {
	if err := f.Quota.write(caller.User, f.Now()); err != nil {
		return nil, err
	}
	alone := f.Quota.begin(caller.User)
	defer f.Quota.end(caller.User)
	if !alone {
		if err := f.overlap(); err != nil {
			return nil, err
		}
	}
	pause(r, f.WriteTime)
	return c.Do(caller, r)
}

func (f *Frontend) overlap() error {
	switch f.Overlap {
	case OverlapAllowed:
		return nil
	case OverlapAborted:
		return Fail(http.StatusConflict)
	case OverlapInternal:
		return Fail(http.StatusInternalServerError)
	}
	return errConcurrent()
}

// pause lets a request take d. A client that leaves shortens it: the work is
// done all the same, as by a server that does not notice.
func pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// Admit checks a request's access token and makes the faults that concern it and
// the quotas.
func (f *Frontend) Admit(r *http.Request, scopes []string) (Caller, error) {
	token := bearer(r)
	switch {
	case fault.Of(r, fault.Expired) != nil:
		f.Authority.Expire(token)
	case fault.Of(r, fault.Revoke) != nil:
		_ = f.Authority.Revoke(token) // an unknown token is refused below
	}
	c, err := f.Authority.Caller(token)
	if err != nil {
		return Caller{}, err
	}
	if !c.May(scopes...) {
		return Caller{}, ErrScope()
	}
	return c, f.QuotaFault(r)
}

// QuotaFault is the error of a quota that a fault has spent, or nil.
func (f *Frontend) QuotaFault(r *http.Request) error {
	switch {
	case fault.Of(r, fault.QuotaDaily) != nil:
		return errQuota(quotaDaily, f.Quota.Requests)
	case fault.Of(r, fault.QuotaMinute) != nil:
		return errQuota(quotaMinute, int64(f.Quota.writes))
	case fault.Of(r, fault.QuotaConcurrent) != nil:
		return errConcurrent()
	}
	return nil
}

// bearer is the access token of a request, from the header or the query.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return r.URL.Query().Get("access_token")
}

// checkQuery refuses parameters that the method does not have.
func checkQuery(r *http.Request, own []string) error {
	everywhere := []string{"alt", "fields", "access_token", "key", "prettyPrint", "quotaUser", "oauth_token", "$.xgafv", "uploadType", "upload_protocol"}
	for name := range r.URL.Query() {
		if !slices.Contains(own, name) && !slices.Contains(everywhere, name) {
			return Invalidf("Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)
		}
	}
	if alt := r.URL.Query().Get("alt"); alt != "" && alt != "json" {
		return Invalidf("Invalid value for alt: %q", alt)
	}
	return nil
}

// RefuseEnvelope answers an injected status in the form of the JSON methods.
func RefuseEnvelope(w http.ResponseWriter, r *http.Request, status int) {
	e := Fail(status)
	if status == http.StatusTooManyRequests {
		e = errQuota(quotaMinute, 30)
	}
	AnswerError(w, r, e)
}

const notFoundPage = `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error %d (%s)!!1</title>
  <p><b>%d.</b> <ins>That’s an error.</ins>
  <p>%s <ins>That’s all we know.</ins>
`

// WritePage answers with the web page that Google gives for a status.
func WritePage(w http.ResponseWriter, status int, text string) {
	route.Respond(w, status, "text/html; charset=UTF-8", fmt.Sprintf(notFoundPage, status, http.StatusText(status), status, text))
}
