package resumable

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

const (
	maxMessage    = 500     // bytes
	maxBody       = 4 << 10 // bytes of an answer that a StatusError keeps
	maxText       = 8 << 10 // bytes of a text that a message is made of
	maxValues     = 1000    // of an answer in JSON
	maxRetryAfter = 24 * time.Hour
)

// DecodeError reads an answer whose status is not 2xx: Google's wrapped
// {"error":{…}}, a bare {"code","message"}, plain text, HTML, or nothing.
// command says what was asked. Queries of URLs are cut from the message.
func DecodeError(command string, status int, h http.Header, body []byte) *StatusError {
	e := &StatusError{
		Command:      command,
		HTTP:         status,
		RetryAfter:   retryAfter(h.Get("Retry-After"), serviceTime(h)),
		UploadStatus: uploadStatus(h),
	}
	body = bytes.TrimSpace(body)
	e.Body = urlQuery.ReplaceAllString(strings.ToValidUTF8(string(body[:min(len(body), maxBody)]), "�"), "$1?…")
	switch {
	case isHTML(h, body):
		e.HTML = true
		e.Message = oneLine("HTML page" + htmlTitle(body))
	case !e.decodeJSON(body):
		e.Message = oneLine(string(body))
	}
	return e
}

// rpcStatus is google.rpc.Status with the members that services add to it.
type rpcStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Errors  []struct {
		Reason string `json:"reason"`
	} `json:"errors"`
	Details []struct {
		Reason   string            `json:"reason"`
		Metadata map[string]string `json:"metadata"`
	} `json:"details"`
}

// decodeJSON fills e from a JSON body and reports whether it was one.
func (e *StatusError) decodeJSON(body []byte) bool {
	var wrapper struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if jsonlimit.Unmarshal(body, &wrapper, maxValues) != nil {
		return false
	}
	status := rpcStatus{}
	wrapped := len(wrapper.Error) > 0
	inner := body
	if wrapped {
		inner = wrapper.Error
	}
	var word string
	if json.Unmarshal(inner, &word) == nil {
		status.Message = strings.TrimSpace(word + ": " + wrapper.Description)
	} else {
		// What fits is kept, also of a document whose other members do not.
		_ = json.Unmarshal(inner, &status)
	}
	e.fill(status, wrapped)
	return true
}

func (e *StatusError) fill(s rpcStatus, wrapped bool) {
	e.Message = oneLine(s.Message)
	e.Status = oneLine(s.Status)
	e.Code = max(slices.Index(rpcCodes, e.Status), 0)
	if !wrapped && s.Code > 0 && s.Code < len(rpcCodes) {
		e.Code, e.Status = s.Code, rpcCodes[s.Code]
	}
	for _, r := range s.Errors {
		e.addReason(r.Reason)
	}
	for _, d := range s.Details {
		e.addReason(d.Reason)
		if limit := d.Metadata["quota_limit"]; limit != "" {
			e.QuotaLimit, e.QuotaMetric = oneLine(limit), oneLine(d.Metadata["quota_metric"])
		}
	}
}

func (e *StatusError) addReason(r string) {
	if r = oneLine(r); r != "" && len(e.Reasons) < 8 && !slices.Contains(e.Reasons, r) {
		e.Reasons = append(e.Reasons, r)
	}
}

// rpcCodes are the names of gRPC codes, by number.
var rpcCodes = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
	"OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func isHTML(h http.Header, body []byte) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/html") || bytes.HasPrefix(body, []byte("<"))
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.{1,200}?)</title>`)

func htmlTitle(body []byte) string {
	if m := titleElement.FindSubmatch(body); m != nil {
		return ": " + string(m[1])
	}
	return ""
}

var urlQuery = regexp.MustCompile(`(https?://[^\s"'<>?]*)\?[^\s"'<>]*`)

// oneLine makes text from outside fit for an error message.
func oneLine(s string) string {
	s = s[:min(len(s), maxText)]
	s = strings.ToValidUTF8(s, "�")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	s = urlQuery.ReplaceAllString(s, "$1?…")
	if len(s) <= maxMessage {
		return s
	}
	cut := maxMessage - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// serviceTime is now by the clock that dates of an answer are made by.
func serviceTime(h http.Header) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxRetryAfter)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
