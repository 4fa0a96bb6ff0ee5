package emulator

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

// errDropped says that the client is gone and the connection is to be broken.
var errDropped = errors.New("request broken off")

// drainLimit is how much of a refused request's body is still read, so that a
// client that is busy sending gets to see the answer.
const drainLimit = 8 << 20

// call is one JSON method of the Library API.
type call struct {
	name    string
	pattern string
	scopes  []string // one of them is needed
	write   bool
	query   []string // parameters of its own
	do      func(c caller, r *http.Request) (any, error)
}

// withStatus is an answer whose HTTP status is not 200.
type withStatus struct {
	status int
	body   any
}

func (g *Google) route(c call) route.Route {
	return route.Route{
		Name: c.name, Role: route.Photos, Pattern: c.pattern, Refuse: refuseEnvelope,
		Handler: func(w http.ResponseWriter, r *http.Request) {
			body, err := g.run(c, r)
			if err != nil {
				answerError(w, r, err)
				return
			}
			if s, ok := body.(withStatus); ok {
				writeJSON(w, s.status, s.body)
				return
			}
			writeJSON(w, http.StatusOK, body)
		},
	}
}

func answerError(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[*apiError](err); ok {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit) // what is left of it does not matter
		e.write(w)
		return
	}
	route.Drop(w, r)
}

func (g *Google) run(c call, r *http.Request) (any, error) {
	caller, err := g.admit(r, c.scopes)
	if err != nil {
		return nil, err
	}
	if err := g.quota.request(caller.project, g.now()); err != nil {
		return nil, err
	}
	if err := checkQuery(r, c.query); err != nil {
		return nil, err
	}
	if !c.write {
		return c.do(caller, r)
	}
	return g.write(c, caller, r)
}

// write runs a call that changes the account: counted by the minute, and alone.
func (g *Google) write(c call, caller caller, r *http.Request) (any, error) {
	if err := g.quota.write(caller.user, g.now()); err != nil {
		return nil, err
	}
	alone := g.quota.begin(caller.user)
	defer g.quota.end(caller.user)
	if !alone {
		if err := g.overlap(); err != nil {
			return nil, err
		}
	}
	pause(r, g.opts.WriteTime)
	return c.do(caller, r)
}

func (g *Google) overlap() error {
	switch g.opts.Overlap {
	case OverlapAllowed:
		return nil
	case OverlapAborted:
		return failure(http.StatusConflict)
	case OverlapInternal:
		return failure(http.StatusInternalServerError)
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

// admit checks a request's access token and makes the faults that stand at the
// door.
func (g *Google) admit(r *http.Request, scopes []string) (caller, error) {
	token := bearer(r)
	switch {
	case fault.Of(r, fault.Expired) != nil:
		g.oauth.expire(token)
	case fault.Of(r, fault.Revoke) != nil:
		_ = g.oauth.revoke(token) // an unknown token is refused below
	}
	c, err := g.oauth.caller(token, g.now())
	if err != nil {
		return caller{}, err
	}
	if !c.may(scopes...) {
		return caller{}, errScope()
	}
	return c, g.quotaFault(r)
}

func (g *Google) quotaFault(r *http.Request) error {
	switch {
	case fault.Of(r, fault.QuotaDaily) != nil:
		return errQuota(quotaDaily, g.opts.DailyRequests)
	case fault.Of(r, fault.QuotaMinute) != nil:
		return errQuota(quotaMinute, int64(g.opts.WritesPerMinute))
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
			return invalidf("Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)
		}
	}
	if alt := r.URL.Query().Get("alt"); alt != "" && alt != "json" {
		return invalidf("Invalid value for alt: %q", alt)
	}
	return nil
}

// refuseEnvelope answers an injected status in the form of the JSON methods.
func refuseEnvelope(w http.ResponseWriter, r *http.Request, status int) {
	e := failure(status)
	if status == http.StatusTooManyRequests {
		e = errQuota(quotaMinute, 30)
	}
	answerError(w, r, e)
}

const notFoundPage = `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error %d (%s)!!1</title>
  <p><b>%d.</b> <ins>That’s an error.</ins>
  <p>%s <ins>That’s all we know.</ins>
`

// writePage answers with the web page that Google gives for a status.
func writePage(w http.ResponseWriter, status int, text string) {
	route.Respond(w, status, "text/html; charset=UTF-8", fmt.Sprintf(notFoundPage, status, http.StatusText(status), status, text))
}
