package resumable

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const wrapped = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED",
 "errors":[{"message":"same","domain":"global","reason":"rateLimitExceeded"}],
 "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED",
   "metadata":{"quota_metric":"p/write_requests","quota_limit":"WritesPerMinutePerUser"}},
  {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"https://u"}]}]}}`

func TestDecodeError(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   StatusError
	}{
		{"wrapped", 429, nil, wrapped, StatusError{
			Code: 8, Status: "RESOURCE_EXHAUSTED", Message: "Quota exceeded.",
			Reasons:    []string{"rateLimitExceeded", "RATE_LIMIT_EXCEEDED"},
			QuotaLimit: "WritesPerMinutePerUser", QuotaMetric: "p/write_requests"}},
		{"bare", 413, nil, `{"code":3,"message":"The request exceeded the max file size limit of 20 GB."}`, StatusError{
			Code: 3, Status: "INVALID_ARGUMENT", Message: "The request exceeded the max file size limit of 20 GB."}},
		{"bare with unknown code", 400, nil, `{"code":99,"message":"m"}`, StatusError{Message: "m"}},
		{"flat", 400, nil, `{"error":"invalid_grant","error_description":"Bad Request"}`, StatusError{Message: "invalid_grant: Bad Request"}},
		{"text", 400, nil, "  Invalid\n\trequest. ", StatusError{Message: "Invalid request."}},
		{"html by type", 502, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "oops", StatusError{Message: "HTML page", HTML: true}},
		{"html by look", 502, nil, "<!DOCTYPE html><TITLE>Error 502\n(Server)</TITLE>", StatusError{Message: "HTML page: Error 502 (Server)", HTML: true}},
		{"nothing", 503, nil, "", StatusError{}},
		{"odd JSON", 500, nil, `[1,2]`, StatusError{Message: "[1,2]"}},
		{"odd members", 500, nil, `{"error":{"code":"x","message":"m"}}`, StatusError{Message: "m"}},
		{"secret in a URL", 400, nil, `see https://h.example/v1/uploads?upload_id=secret&x for more`, StatusError{Message: "see https://h.example/v1/uploads?… for more"}},
		{"headers", 503, http.Header{"Retry-After": {"7"}, "X-Goog-Upload-Status": {"Final"}}, "", StatusError{RetryAfter: 7 * time.Second, UploadStatus: "final"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Command, tc.want.HTTP = "do", tc.status
			tc.want.Body = strings.Replace(strings.TrimSpace(tc.body), "?upload_id=secret&x", "?…", 1)
			got := DecodeError("do", tc.status, tc.header, []byte(tc.body))
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestStatusErrorText(t *testing.T) {
	for _, tc := range []struct {
		e    StatusError
		want string
	}{
		{StatusError{Command: "query upload", HTTP: 400, Status: "INVALID_ARGUMENT", Message: "no"}, "query upload: HTTP 400 INVALID_ARGUMENT: no"},
		{StatusError{HTTP: 503}, "HTTP 503: Service Unavailable"},
	} {
		if got := tc.e.Error(); got != tc.want {
			t.Errorf("Error() = %q, want %q", got, tc.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		v    string
		want time.Duration
	}{
		{"", 0}, {" 30 ", 30 * time.Second}, {"-1", 0}, {"x", 0}, {"999999", 24 * time.Hour},
		{"Fri, 02 Jan 2026 03:04:35 GMT", 30 * time.Second},
		{"Fri, 02 Jan 2026 03:04:00 GMT", 0},
		{"Mon, 02 Jan 2040 03:04:00 GMT", 24 * time.Hour},
	} {
		if got := retryAfter(tc.v, now); got != tc.want {
			t.Errorf("retryAfter(%q) = %v, want %v", tc.v, got, tc.want)
		}
	}
}

func TestDatesToWaitForAreTheServices(t *testing.T) {
	h := http.Header{"Date": {"Fri, 02 Jan 2037 03:04:05 GMT"}, "Retry-After": {"Fri, 02 Jan 2037 03:04:35 GMT"}}
	if got := DecodeError("do", 503, h, nil).RetryAfter; got != 30*time.Second {
		t.Errorf("wait %v, want 30 s", got)
	}
}

func FuzzDecodeError(f *testing.F) {
	for _, seed := range []string{wrapped, `{"code":3,"message":"m"}`, "<html><title>x</title>", "", "plain", `{"error":{"details":[{"metadata":null}]}}`, "\xff\xfe", strings.Repeat("ä", 400)} {
		f.Add(400, "text/plain", "5", seed)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, retry, body string) {
		e := DecodeError("do", status, http.Header{"Content-Type": {contentType}, "Retry-After": {retry}}, []byte(body))
		if e.HTTP != status || e.Code < 0 || e.Code >= len(rpcCodes) || e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter {
			t.Errorf("decoded to %+v", e)
		}
		text := e.Error()
		if len(e.Message) > maxMessage || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Errorf("message %q is not fit to be shown", text)
		}
	})
}

func FuzzAnswerHeaders(f *testing.F) {
	f.Add("active", "262144", "1000", "https://photoslibrary.googleapis.com/v1/uploads?upload_id=x")
	f.Add("Canceled", "0", "-1", "http://evil.example/")
	f.Add("final", "", "9223372036854775808", "http://127.0.0.1:1/x")
	f.Add(" ", "1e3", "0x10", "://")
	f.Fuzz(func(t *testing.T, status, unit, size, at string) {
		h := http.Header{headerStatus: {status}, headerChunk: {unit}, headerReceived: {size}, headerURL: {at}}
		switch s := uploadStatus(h); s {
		case "", "active", "final", "cancelled", "unknown":
		default:
			t.Errorf("status %q", s)
		}
		if n, err := granularity(h); err == nil && (n < 1 || n > maxGranularity) {
			t.Errorf("granularity %d of %q", n, unit)
		}
		if n, err := received(h); err == nil && n < 0 && n != absent {
			t.Errorf("received %d of %q", n, size)
		}
		if u, err := sessionURL(at); err == nil && u.Scheme != "https" && u.Scheme != "http" {
			t.Errorf("session at %q", u)
		}
	})
}
