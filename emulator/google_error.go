package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an answer other than success of Google Photos. The JSON calls put
// it into an envelope, the upload endpoint sends the bare google.rpc.Status.
type apiError struct {
	code    int    // HTTP
	status  string // name of the gRPC code
	message string
	reason  string // reason in errors[], of the older error style
	details []any
	bare    bool
}

func (e *apiError) Error() string { return e.message }

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

// failure is the error with Google's usual text for an HTTP code.
func failure(code int) *apiError {
	message := usualMessages[code]
	if message == "" {
		message = http.StatusText(code)
	}
	return &apiError{code: code, status: statusNames[code].name, message: message}
}

func failuref(code int, format string, args ...any) *apiError {
	e := failure(code)
	e.message = fmt.Sprintf(format, args...)
	return e
}

func invalidf(format string, args ...any) *apiError {
	return failuref(http.StatusBadRequest, format, args...)
}

func errMissingCredential() *apiError {
	return failuref(http.StatusUnauthorized, "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
}

func errScope() *apiError {
	return failuref(http.StatusForbidden, "Request had insufficient authentication scopes.")
}

func errUploadToken() *apiError {
	return invalidf("Request must contain a valid upload token.")
}

func errStorageFull() *apiError {
	return invalidf("The remaining storage in the user's account is not enough to perform this operation.")
}

type wireStatus struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message"`
}

type wireErrorItem struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

type wireError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Errors  []wireErrorItem `json:"errors,omitempty"`
	Status  string          `json:"status,omitempty"`
	Details []any           `json:"details,omitempty"`
}

// body is what goes over the wire.
func (e *apiError) body() any {
	if e.bare {
		return wireStatus{Code: statusNames[e.code].code, Message: e.message}
	}
	w := wireError{Code: e.code, Message: e.message, Status: e.status, Details: e.details}
	if e.reason != "" {
		w.Errors = []wireErrorItem{{Message: e.message, Domain: "global", Reason: e.reason}}
	}
	return struct {
		Error wireError `json:"error"`
	}{w}
}

func (e *apiError) write(w http.ResponseWriter) { writeJSON(w, e.code, e.body()) }

// writeJSON answers as Google's front end does: pretty-printed, with quotation
// marks and angle brackets as they are.
func writeJSON(w http.ResponseWriter, code int, body any) {
	data := encodeJSON(body)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "private")
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.WriteHeader(code)
	_, _ = w.Write(data) // a client that left needs no answer
}

func encodeJSON(body any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(body); err != nil {
		panic(err) // every body is a plain struct of ours
	}
	return out.Bytes()
}
