package media

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Class says how far a failure reaches.
type Class string

// The classes of failure.
const (
	Transient   Class = "transient" // this attempt: try again
	ItemFault   Class = "item"      // this item; the others go on
	SessionWide Class = "session"   // nothing can go on: stop, save, tell
)

// Codes of faults. They are stable words for programs; people read the message.
const (
	CodeAuth              = "auth"               // credentials missing, expired or rejected
	CodeScope             = "scope"              // credentials valid but insufficient
	CodeQuota             = "quota"              // a daily quota is spent
	CodeStorage           = "storage_full"       // the destination account is full
	CodeRate              = "rate"               // asked to slow down
	CodeUnreachable       = "unreachable"        // no answer
	CodeServer            = "server"             // the service failed
	CodeListingIncomplete = "listing_incomplete" // a listing that cannot be proven complete
	CodeGone              = "gone"               // the source no longer has the item
	CodeChanged           = "source_changed"     // the item's bytes are not those that were begun
	CodeRejected          = "rejected"           // the destination refuses the item for good
	CodeTokenInvalid      = "token_invalid"      // the receipt is no longer accepted: carry again
	CodeDuplicate         = "duplicate_in_batch" // the same bytes stand twice in one batch: register later
	CodeUploadLost        = "upload_lost"        // the upload session is gone: begin again
	CodeAlbum             = "album"              // the album cannot be used
	CodeState             = "state"              // session state cannot be read or written
	CodeProtocol          = "protocol"           // an answer that makes no sense
)

// Fault is an error that knows how far it reaches and what can be done.
type Fault struct {
	Class Class
	Code  string // one of the codes above
	Op    string // what was tried and on what, such as "list gopro: page 3"
	Err   error  // the cause; may be nil if Op says it all
	Hint  string // the next step for the user; "" if waiting or nothing helps

	RetryAfter time.Duration // least wait before another attempt; 0 lets the caller choose
	Until      time.Time     // when a quota is renewed, UTC; zero if unknown
}

// Error says what was tried and why it failed, without the hint.
func (f *Fault) Error() string {
	switch {
	case f.Err == nil:
		return f.Op
	case f.Op == "":
		return f.Err.Error()
	}
	return fmt.Sprintf("%s: %v", f.Op, f.Err)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// ClassOf returns how far err reaches: the class of the outermost [Fault] in
// it, and Transient for an error that carries none (a dropped line, an unknown
// answer), since trying again is the safe guess. A cancelled context is
// SessionWide: somebody asked to stop.
func ClassOf(err error) Class {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Class
	}
	if errors.Is(err, context.Canceled) {
		return SessionWide
	}
	return Transient
}

// CodeOf returns the code of the outermost [Fault] in err, or "".
func CodeOf(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return ""
}

// HintOf returns the next step that the outermost [Fault] in err names, or "".
func HintOf(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Hint
	}
	return ""
}

// Wait tells people why nothing moves: Reason, and until when (UTC).
type Wait struct {
	Reason string
	Until  time.Time
}

// RetryAfterOf returns the least wait that the outermost [Fault] in err asks
// for, or 0.
func RetryAfterOf(err error) time.Duration {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.RetryAfter
	}
	return 0
}
