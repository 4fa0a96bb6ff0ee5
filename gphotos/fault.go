package gphotos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/resumable"
)

const (
	loginHint   = "run: gondola login google"
	consentHint = "run: gondola login google, and allow everything it asks for (consents from before April 2025 no longer suffice)"
	enableHint  = "enable the Photos Library API for the project in the Google Cloud console, wait a few minutes and run the same command again"
	storageHint = "free space in the Google account or buy more, then run the same command again; within a day nothing has to be carried again"
	albumHint   = "use another album name: an app can add only to albums that it created and that still exist"
	quotaHint   = "run the same command again after the quota is renewed, at midnight Pacific time; everything is saved"
)

var errUntrusted = fmt.Errorf("upload URL is at a foreign host: %w", resumable.ErrSessionLost)

// fault is the one place that decides what a failure means. It returns a
// *fault.Error, or the cause of ctx if that has ended.
func (c *Client) fault(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f // of the tokens, the source or the state
	}
	f := &fault.Error{Class: fault.Transient, Op: op, Err: err}
	if errors.Is(err, resumable.ErrSessionLost) || errors.Is(err, resumable.ErrFinal) {
		f.Code = fault.UploadLost
		return f
	}
	if e, ok := errors.AsType[*resumable.StatusError](err); ok {
		c.judgeStatus(f, e)
		return f
	}
	_, malformed := errors.AsType[*malformedError](err)
	_, senseless := errors.AsType[*resumable.ProtocolError](err)
	if malformed || senseless {
		f.Code = fault.Protocol
		return f
	}
	transport.Judge(f)
	return f
}

// judgeStatus fills f for an answer that refuses.
func (c *Client) judgeStatus(f *fault.Error, e *resumable.StatusError) {
	f.RetryAfter = e.RetryAfter
	switch {
	case e.HTML && e.HTTP != http.StatusRequestEntityTooLarge:
		f.Code = fault.Server // a page in HTML is no answer of the API
	case isStorage(e):
		f.Class, f.Code, f.Hint = fault.Session, fault.Storage, storageHint
	case isQuota(e):
		c.judgeQuota(f, e)
	case e.HTTP == http.StatusUnauthorized:
		f.Class, f.Code, f.Hint = fault.Session, fault.Auth, loginHint
	case e.HTTP == http.StatusForbidden:
		judgeForbidden(f, e)
	case e.HTTP == http.StatusProxyAuthRequired:
		f.Class, f.Code, f.Hint = fault.Session, fault.Unreachable, transport.HintProxyLogin
	case e.HTTP == http.StatusConflict:
		f.Code, f.RetryAfter = fault.Server, max(f.RetryAfter, time.Second)
	case e.Temporary(), e.HTTP/100 == 3:
		f.Code = fault.Server
	default:
		judgeRefusal(f, e)
	}
}

func judgeForbidden(f *fault.Error, e *resumable.StatusError) {
	f.Class, f.Code = fault.Session, fault.Scope
	switch {
	case says(e, "insufficient authentication scopes", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"):
		f.Hint = consentHint
	case says(e, "accessNotConfigured", "SERVICE_DISABLED", "has not been used in project", "it is disabled"):
		f.Code, f.Hint = fault.Auth, enableHint
	case says(e, "disabled for the user"):
		f.Code, f.Hint = fault.Auth, "turn Google Photos on for this account, or log in with another: gondola login google"
	case says(e, "media items to this album"):
		f.Code, f.Hint = fault.Album, albumHint
	default:
		f.Hint = consentHint
	}
}

// judgeRefusal is for the 4xx that blame the request.
func judgeRefusal(f *fault.Error, e *resumable.StatusError) {
	f.Class, f.Code = fault.Item, fault.Rejected
	switch {
	case says(e, "media items to this album", "does not match any albums"):
		f.Class, f.Code, f.Hint = fault.Session, fault.Album, albumHint
	case says(e, "Invalid JSON payload"):
		f.Class, f.Code = fault.Session, fault.Protocol
	case says(e, "valid upload token"):
		f.Code = fault.TokenInvalid
	case e.HTTP == http.StatusNotFound:
		f.Code = fault.Gone
	}
}

// isStorage reports whether the account is full, whatever the status is that
// says so.
func isStorage(e *resumable.StatusError) bool {
	return says(e, "remaining storage", "storage quota", "storageQuotaExceeded")
}

// says reports whether a refusal contains one of the phrases, in any case, or
// has one as a reason.
func says(e *resumable.StatusError, phrases ...string) bool {
	message := strings.ToLower(e.Message)
	return slices.ContainsFunc(phrases, func(p string) bool {
		return strings.Contains(message, strings.ToLower(p)) || slices.Contains(e.Reasons, p)
	})
}

func statusOf(err error) (*resumable.StatusError, bool) {
	return errors.AsType[*resumable.StatusError](err)
}
