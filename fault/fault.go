package fault

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
	Transient Class = "transient" // this attempt: try again
	Item      Class = "item"      // this item: the others go on
	Session   Class = "session"   // the whole run: save everything and stop
)

// Codes of failures: stable words for programs. The text of an [Error] is for
// its reader.
const (
	Auth              = "auth"               // credentials missing, expired or rejected
	Scope             = "scope"              // credentials valid but insufficient
	Quota             = "quota"              // a daily quota is spent
	Storage           = "storage_full"       // the destination account is full
	Rate              = "rate"               // the service asked for fewer requests
	Unreachable       = "unreachable"        // no answer
	Server            = "server"             // the service failed
	ListingIncomplete = "listing_incomplete" // a listing that cannot be proven complete
	Gone              = "gone"               // the source no longer has the item
	Changed           = "source_changed"     // the item's bytes are not those that were begun
	Rejected          = "rejected"           // the destination refuses the item for good
	TokenInvalid      = "token_invalid"      // the receipt is no longer accepted: upload again
	Duplicate         = "duplicate_in_batch" // the same bytes occur twice in one batch: register later
	UploadLost        = "upload_lost"        // the upload session is gone: begin again
	Album             = "album"              // the album cannot be used
	AlbumFull         = "album_full"         // the album takes no more items
	State             = "state"              // session state cannot be read or written
	Protocol          = "protocol"           // an answer that breaks the protocol
	Locked            = "locked"             // another process writes there
)

// Error is a failure with its reach and its remedy.
type Error struct {
	Class Class
	Code  string // one of the codes above
	Op    string // what was tried and on what, such as "list gopro: page 3"
	Err   error  // the cause; may be nil if Op says it all
	Hint  string // the next step for the user; "" if waiting or nothing helps

	RetryAfter time.Duration // least wait before another attempt; 0 lets the caller choose
	Until      time.Time     // when a quota is renewed, UTC; zero if unknown
}

// Error returns what was tried and why it failed, without the hint.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Op
	case e.Op == "":
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %v", e.Op, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns how far err reaches: the class of the outermost [Error] in
// it. An error without one is Transient (a dropped line, an unknown answer),
// since another attempt is the safe guess; a cancelled context is Session.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if errors.Is(err, context.Canceled) {
		return Session
	}
	return Transient
}

// CodeOf returns the code of the outermost [Error] in err, or "".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// HintOf returns the next step that the outermost [Error] in err names, or "".
func HintOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}

// RetryAfterOf returns the least wait that the outermost [Error] in err asks
// for, or 0.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// Wait says why nothing moves: the reason, and until when (UTC).
type Wait struct {
	Reason string
	Until  time.Time
}
