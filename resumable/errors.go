package resumable

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Errors to ask for with errors.Is.
var (
	// ErrFinal: the session is finished, but the server did not hand out its
	// result, or not any more. The object has to be uploaded again.
	ErrFinal = errors.New("upload session is finished but its result is lost")
	// ErrSessionLost: the session is unknown, expired or cancelled.
	ErrSessionLost = errors.New("upload session is gone")
	// ErrOffset: a segment does not fit the object or what the server holds.
	ErrOffset = errors.New("offset does not fit")
	// ErrGranularity: a segment before the last is not a multiple of the
	// session's granularity.
	ErrGranularity = errors.New("segment length is not a multiple of the granularity")
	// ErrSourceChanged: the source was read again and yielded other bytes, or has
	// fewer or more bytes than its size. It arrives in a *SourceError.
	ErrSourceChanged = errors.New("source yields other bytes than before")
	// ErrNotRewindable: bytes have to be sent again that the source yields only
	// once. It arrives in a *SourceError.
	ErrNotRewindable = errors.New("source cannot be read again")
	// ErrContradiction: the server says what contradicts the bytes that were
	// sent: more of them, or an object of another size. It arrives in a
	// *ProtocolError.
	ErrContradiction = errors.New("answer contradicts what was sent")
	// ErrRedirect: the server points to another host, or redirects a request
	// that cannot be sent twice. It arrives in a *ProtocolError.
	ErrRedirect = errors.New("redirect is refused")
	// ErrUnsupported: the protocol has no way to do what is asked for.
	ErrUnsupported = errors.New("not supported by the protocol")
	// ErrCheckpoint: a checkpoint does not fit the upload, or is none.
	ErrCheckpoint = errors.New("checkpoint does not fit")
	// ErrStalled: no byte moved, or no answer came, for too long.
	ErrStalled = errors.New("stalled")
)

// StatusError is an answer by which a server refused a request.
type StatusError struct {
	Command      string        // what was asked, such as "start upload"; may be ""
	HTTP         int           // status code
	Code         int           // gRPC code; 0 if the answer has none
	Status       string        // name of the gRPC code, such as "INVALID_ARGUMENT"; "" if none
	Message      string        // the server's words on one line, at most 500 bytes
	Reasons      []string      // stable words, such as "rateLimitExceeded"
	QuotaLimit   string        // id of the exceeded limit, such as "WritesPerMinutePerUser"
	QuotaMetric  string        // what it counts, such as "photoslibrary.googleapis.com/write_requests"
	RetryAfter   time.Duration // least wait the server asked for; 0 if it did not, at most a day
	UploadStatus string        // X-Goog-Upload-Status in lower case; "" if absent
	HTML         bool          // a page for a browser: a proxy answered, not the service
	Body         string        // the beginning of the answer's body, at most 4 KiB; Error does not show it
}

// Error says what was asked and what the server said.
func (e *StatusError) Error() string {
	text := e.Message
	if text == "" {
		text = http.StatusText(e.HTTP)
	}
	what := fmt.Sprintf("HTTP %d", e.HTTP)
	if e.Command != "" {
		what = e.Command + ": " + what
	}
	if e.Status != "" {
		what += " " + e.Status
	}
	return what + ": " + text
}

// Is reports that the session is lost (ErrSessionLost) or stands elsewhere
// (ErrOffset).
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrSessionLost:
		return e.sessionLost()
	case ErrOffset:
		return e.HTTP == http.StatusConflict || e.HTTP == http.StatusRequestedRangeNotSatisfiable
	}
	return false
}

// sessionLost: a dead session answers 404 or 410, at some services 400. In the
// X-Goog-Upload protocol only the answer to a query says so for certain: one to
// a segment may be a passing state of something in between, and a session holds
// up to gigabytes. In Google's media upload protocol every 404 and 410 is final.
func (e *StatusError) sessionLost() bool {
	switch e.Command {
	case commandQuery:
		return e.looksDead() || e.HTTP == http.StatusBadRequest
	case commandCancel:
		return e.looksDead()
	case commandChunk, commandStatus, commandDelete:
		return e.HTTP == http.StatusNotFound || e.HTTP == http.StatusGone
	}
	return false
}

// looksDead reports whether an answer is one that dead sessions give.
func (e *StatusError) looksDead() bool {
	return e.UploadStatus == statusCancelled || slices.Contains([]int{404, 410, statusClosed}, e.HTTP)
}

// statusClosed is what proxies answer when a request was cut off on its way.
const statusClosed = 499

// Temporary reports whether the same may succeed later: timeouts, rate limits
// and failures of the server.
func (e *StatusError) Temporary() bool {
	switch e.HTTP {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case statusClosed:
		return !isMediaCommand(e.Command) // there it means that the session was cancelled
	}
	return e.HTTP >= 500
}

// ProtocolError is an answer that makes no sense. What it means for the
// session is unknown: ask with Query.
type ProtocolError struct {
	Command string
	Reason  string
	Err     error // ErrFinal, ErrSessionLost, ErrContradiction, ErrRedirect or nil
}

// Error says what was asked and what is wrong with the answer.
func (e *ProtocolError) Error() string { return e.Command + ": " + e.Reason }

// Unwrap returns Err.
func (e *ProtocolError) Unwrap() error { return e.Err }

// SourceError is a failure to read the bytes that were to be sent.
type SourceError struct{ Err error }

// Error describes the source's failure.
func (e *SourceError) Error() string { return fmt.Sprintf("read source: %v", e.Err) }

// Unwrap returns the source's failure.
func (e *SourceError) Unwrap() error { return e.Err }

// withoutURL removes what net/http adds to errors: the URL is a credential.
func withoutURL(err error) error {
	for {
		u, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = u.Err
	}
}
