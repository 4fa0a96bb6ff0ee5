package google

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is an answer other than success of Google Photos. The JSON calls put
// it into an envelope, the upload endpoint sends the bare google.rpc.Status.
type Error struct {
	Code    int    // HTTP
	status  string // name of the gRPC code
	Message string
	reason  string // reason in errors[], of the older error style
	details []any
	Bare    bool
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// statusNames maps HTTP codes to the gRPC codes Google's front end uses.
var statusNames = map[int]struct {
	name string
	code int
}{
	http.StatusBadRequest:            {"INVALID_ARGUMENT", 3},
	http.StatusUnauthorized:          {"UNAUTHENTICATED", 16},
	http.StatusForbidden:             {"PERMISSION_DENIED", 7},
	http.StatusNotFound:              {"NOT_FOUND", 5},
	http.StatusMethodNotAllowed:      {"UNIMPLEMENTED", 12},
	http.StatusConflict:              {"ABORTED", 10},
	http.StatusGone:                  {"NOT_FOUND", 5},
	http.StatusRequestEntityTooLarge: {"INVALID_ARGUMENT", 3},
	http.StatusTooManyRequests:       {"RESOURCE_EXHAUSTED", 8},
	http.StatusInternalServerError:   {"INTERNAL", 13},
	http.StatusBadGateway:            {"UNAVAILABLE", 14},
	http.StatusServiceUnavailable:    {"UNAVAILABLE", 14},
	http.StatusGatewayTimeout:        {"DEADLINE_EXCEEDED", 4},
}

var usualMessages = map[int]string{
	http.StatusBadRequest:          "Request contains an invalid argument.",
	http.StatusUnauthorized:        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
	http.StatusForbidden:           "The caller does not have permission",
	http.StatusNotFound:            "Requested entity was not found.",
	http.StatusConflict:            "The operation was aborted.",
	http.StatusInternalServerError: "Internal error encountered.",
	http.StatusBadGateway:          "The service is currently unavailable.",
	http.StatusServiceUnavailable:  "The service is currently unavailable.",
	http.StatusGatewayTimeout:      "Deadline expired before operation could complete.",
}

// Fail is the error with Google's usual text for an HTTP code.
func Fail(code int) *Error {
	message := usualMessages[code]
	if message == "" {
		message = http.StatusText(code)
	}
	return &Error{Code: code, status: statusNames[code].name, Message: message}
}

// Failf is Fail with a message.
func Failf(code int, format string, args ...any) *Error {
	e := Fail(code)
	e.Message = fmt.Sprintf(format, args...)
	return e
}

// Invalidf is status 400 with a message.
func Invalidf(format string, args ...any) *Error {
	return Failf(http.StatusBadRequest, format, args...)
}

// ErrMissingCredential is the refusal of a request without a token.
func ErrMissingCredential() *Error {
	return Failf(http.StatusUnauthorized, "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
}

// ErrScope is the refusal of a token that lacks the scope.
func ErrScope() *Error {
	return Failf(http.StatusForbidden, "Request had insufficient authentication scopes.")
}

// ErrUploadToken is the refusal of an upload token that is unknown or too old.
func ErrUploadToken() *Error {
	return Invalidf("Request must contain a valid upload token.")
}

// ErrStorageFull is the refusal of an account that is full.
func ErrStorageFull() *Error {
	return Invalidf("The remaining storage in the user's account is not enough to perform this operation.")
}

// WireStatus is a google.rpc.Status as it is sent.
type WireStatus struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message"`
}

type wireErrorItem struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

// WireError is an error as the JSON methods send it.
type WireError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Errors  []wireErrorItem `json:"errors,omitempty"`
	Status  string          `json:"status,omitempty"`
	Details []any           `json:"details,omitempty"`
}

// body is what goes over the wire.
func (e *Error) body() any {
	if e.Bare {
		return WireStatus{Code: statusNames[e.Code].code, Message: e.Message}
	}
	w := WireError{Code: e.Code, Message: e.Message, Status: e.status, Details: e.details}
	if e.reason != "" {
		w.Errors = []wireErrorItem{{Message: e.Message, Domain: "global", Reason: e.reason}}
	}
	return struct {
		Error WireError `json:"error"`
	}{w}
}

func (e *Error) write(w http.ResponseWriter) { writeJSON(w, e.Code, e.body()) }

// writeJSON answers as Google's front end does: pretty-printed, with quotation
// marks and angle brackets as they are.
func writeJSON(w http.ResponseWriter, code int, body any) {
	data := EncodeJSON(body)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "private")
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.WriteHeader(code)
	_, _ = w.Write(data) // a client that left needs no answer
}

// EncodeJSON encodes as Google's front end does.
func EncodeJSON(body any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(body); err != nil {
		panic(err) // every body is a plain struct of ours
	}
	return out.Bytes()
}
