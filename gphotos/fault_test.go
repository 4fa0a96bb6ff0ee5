package gphotos

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/resumable"
)

const minuteQuota = `{"error":{"code":429,
 "message":"Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service 'photoslibrary.googleapis.com' for consumer 'project_number:123'.",
 "errors":[{"message":"same","domain":"global","reason":"rateLimitExceeded"}],
 "status":"RESOURCE_EXHAUSTED",
 "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"googleapis.com",
   "metadata":{"quota_metric":"photoslibrary.googleapis.com/write_requests","quota_limit":"WritesPerMinutePerUser","quota_limit_value":"30"}}]}}`

const dailyQuota = `{"error":{"code":429,"message":"spent","status":"RESOURCE_EXHAUSTED",
 "details":[{"metadata":{"quota_metric":"photoslibrary.googleapis.com/all_requests","quota_limit":"ApiCallsPerProjectPerDay"}}]}}`

func message(status, text string) string {
	b, _ := json.Marshal(map[string]any{"error": map[string]string{"message": text, "status": status}})
	return string(b)
}

func TestFaults(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	c := newService(t).client(Options{Now: func() time.Time { return now }})
	for _, tc := range []struct {
		name   string
		status int
		body   string
		class  fault.Class
		code   string
		after  time.Duration
		hint   bool
	}{
		{"per minute", 429, minuteQuota, fault.Transient, fault.Rate, 30 * time.Second, false},
		{"concurrent", 429, message("", "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'."), fault.Transient, fault.Rate, 30 * time.Second, false},
		{"old grammar", 429, message("", "Quota exceeded for quota metric 'photoslibrary.googleapis.com/write_requests' and limit 'WritesPerMinutePerUser'"), fault.Transient, fault.Rate, 30 * time.Second, false},
		{"daily by id", 429, dailyQuota, fault.Session, fault.Quota, 0, true},
		{"daily by title", 429, message("", "limit 'All requests per day' of service"), fault.Session, fault.Quota, 0, true},
		{"daily by old id", 429, message("", "and limit 'ApiCallsPerProjectPerDay' of service"), fault.Session, fault.Quota, 0, true},
		{"bare 429", 429, "", fault.Transient, fault.Rate, 30 * time.Second, false},
		{"quota as 400", 400, `{"code":3,"message":"Insufficient tokens for quota 'x' and limit 'UploadsPerMinute'"}`, fault.Transient, fault.Rate, 30 * time.Second, false},
		{"token", 401, message("UNAUTHENTICATED", "Request had invalid authentication credentials."), fault.Session, fault.Auth, 0, true},
		{"scope", 403, message("PERMISSION_DENIED", "Request had insufficient authentication scopes."), fault.Session, fault.Scope, 0, true},
		{"api off", 403, message("PERMISSION_DENIED", "Photos Library API has not been used in project 1 before or it is disabled."), fault.Session, fault.Auth, 0, true},
		{"photos off", 403, message("PERMISSION_DENIED", "Google Photos is disabled for the user"), fault.Session, fault.Auth, 0, true},
		{"storage", 400, message("INVALID_ARGUMENT", "The remaining storage in the user's account is not enough to perform this operation."), fault.Session, fault.Storage, 0, true},
		{"storage as 403", 403, message("PERMISSION_DENIED", "The remaining storage in the user's account is not enough to perform this operation."), fault.Session, fault.Storage, 0, true},
		{"storage as 429", 429, message("RESOURCE_EXHAUSTED", "The user's storage quota has been exceeded."), fault.Session, fault.Storage, 0, true},
		{"storage by its reason", 403, `{"error":{"code":403,"message":"no","errors":[{"reason":"storageQuotaExceeded"}]}}`, fault.Session, fault.Storage, 0, true},
		{"album", 400, message("INVALID_ARGUMENT", "No permission to add media items to this album."), fault.Session, fault.Album, 0, true},
		{"no album", 404, message("NOT_FOUND", "The provided ID does not match any albums"), fault.Session, fault.Album, 0, true},
		{"upload token", 400, message("INVALID_ARGUMENT", "Request must contain a valid upload token."), fault.Item, fault.TokenInvalid, 0, false},
		{"long name", 400, message("INVALID_ARGUMENT", "File name must not have more than 255 characters."), fault.Item, fault.Rejected, 0, false},
		{"our mistake", 400, message("INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name"), fault.Session, fault.Protocol, 0, false},
		{"not found", 404, message("NOT_FOUND", "Requested entity was not found."), fault.Item, fault.Gone, 0, false},
		{"too large", 413, `{"code":3,"message":"The request exceeded the max file size limit of 20 GB."}`, fault.Item, fault.Rejected, 0, false},
		{"aborted", 409, message("ABORTED", "The operation was aborted."), fault.Transient, fault.Server, time.Second, false},
		{"internal", 500, message("INTERNAL", "Internal error encountered."), fault.Transient, fault.Server, 0, false},
		{"page", 403, "<html><title>Sorry</title></html>", fault.Transient, fault.Server, 0, false},
		{"proxy wants a login", 407, "", fault.Session, fault.Unreachable, 0, true},
		{"redirect", 302, "", fault.Transient, fault.Server, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := resumable.DecodeError("", tc.status, http.Header{}, []byte(tc.body))
			f, ok := errors.AsType[*fault.Error](c.fault(t.Context(), "try", e))
			if !ok || f.Class != tc.class || f.Code != tc.code || f.RetryAfter != tc.after || (f.Hint != "") != tc.hint {
				t.Errorf("%v is %+v, want %s, %s, after %v, hint %v", e, f, tc.class, tc.code, tc.after, tc.hint)
			}
			if want := time.Date(2026, 7, 2, 7, 0, 0, 0, time.UTC); tc.code == fault.Quota && !f.Until.Equal(want) {
				t.Errorf("quota is renewed at %v, want %v", f.Until, want)
			}
		})
	}
}

func TestFaultsOfTheLine(t *testing.T) {
	c := newService(t).client(Options{})
	own := &fault.Error{Class: fault.Session, Code: fault.Auth}
	for _, tc := range []struct {
		err   error
		class fault.Class
		code  string
	}{
		{io.ErrUnexpectedEOF, fault.Transient, fault.Unreachable},
		{resumable.ErrStalled, fault.Transient, fault.Unreachable},
		{resumable.ErrFinal, fault.Transient, fault.UploadLost},
		{&resumable.ProtocolError{Reason: "odd"}, fault.Transient, fault.Protocol},
		{&malformedError{io.EOF}, fault.Transient, fault.Protocol},
		{fmt.Errorf("start upload: %w", x509.UnknownAuthorityError{}), fault.Session, fault.Unreachable},
		{fmt.Errorf("start upload: %w", &transport.RefusalError{Status: 407}), fault.Session, fault.Unreachable},
		{fmt.Errorf("start upload: %w", &transport.RefusalError{Status: 502}), fault.Transient, fault.Unreachable},
		{fmt.Errorf("start upload: %w", &transport.VariableError{Name: "HTTPS_PROXY"}), fault.Session, fault.Unreachable},
		{fmt.Errorf("start upload: %w", own), fault.Session, fault.Auth},
	} {
		if f := c.fault(t.Context(), "try", tc.err); fault.ClassOf(f) != tc.class || fault.CodeOf(f) != tc.code {
			t.Errorf("%v is %v (%s, %s), want %s, %s", tc.err, f, fault.ClassOf(f), fault.CodeOf(f), tc.class, tc.code)
		}
	}
	stop := errors.New("asked to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if err := c.fault(ctx, "try", io.EOF); err != stop {
		t.Errorf("after the end of ctx: %v, want its cause", err)
	}
}

func TestNextReset(t *testing.T) {
	for _, tc := range []struct{ now, want string }{
		{"2026-01-15T07:59:59Z", "2026-01-15T08:00:00Z"}, // winter
		{"2026-01-15T08:00:00Z", "2026-01-16T08:00:00Z"},
		{"2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"}, // clocks go forward
		{"2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"}, // and back
	} {
		now, _ := time.Parse(time.RFC3339, tc.now)
		if got := QuotaReset(now).Format(time.RFC3339); got != tc.want {
			t.Errorf("QuotaReset(%s) = %s, want %s", tc.now, got, tc.want)
		}
	}
}
