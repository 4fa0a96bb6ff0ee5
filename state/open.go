package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/driver"
)

// ErrURI is wrapped by the error of an opening whose URI makes no sense: its
// scheme is not known, or the backend of that scheme cannot read the rest.
var ErrURI = errors.New("not a state URI")

// Opener opens the backend that a whole URI, scheme included, names.
type Opener func(ctx context.Context, uri string) (Backend, error)

// Openers are the known kinds of backends by URI scheme, such as "jsondir".
type Openers map[string]Opener

// Open opens the backend that uri names: a scheme, a colon, and what the
// backend of that scheme takes. Errors are [fault.Error]s of class Session
// and hold no credentials of the URI.
func (o Openers) Open(ctx context.Context, uri string) (Backend, error) {
	open, err := o.find(uri)
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, uri)
	if err == nil {
		return b, nil
	}
	hint, text := "", err.Error()
	if f, ok := errors.AsType[*fault.Error](err); ok {
		hint = f.Hint
		if strings.HasPrefix(f.Op, "open ") && f.Err != nil { // said below, and with the URI
			text = f.Err.Error()
		}
	}
	return nil, openFault(uri, &redacted{err: err, text: text, secrets: hidden(uri)}, hint)
}

// Check returns the error of [Openers.Open] for a URI that names no known kind
// of backend or is malformed, and nil otherwise. Nothing is opened or looked up.
func (o Openers) Check(uri string) error {
	_, err := o.find(uri)
	return err
}

func (o Openers) find(uri string) (Opener, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	open := o[strings.ToLower(scheme)]
	if !found || open == nil {
		known := strings.Join(slices.Sorted(maps.Keys(o)), ", ")
		return nil, openFault(uri, fmt.Errorf("%w: unknown kind of state; known are %s", ErrURI, known), "write it as SCHEME:PATH, such as jsondir:sessions")
	}
	if strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///") && !WellFormed(uri) {
		return nil, openFault(uri, fmt.Errorf("%w: %s", ErrURI, whyMalformed(uri)), encodeHint)
	}
	return open, nil
}

// encodeHint is the next step for a malformed URI.
const encodeHint = "write it as SCHEME://USER:PASSWORD@HOST:PORT/DATABASE with special characters percent-encoded: " +
	"%40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %; a directory or file is written as SCHEME:PATH"

func openFault(uri string, err error, hint string) error {
	return driver.Fault("open state "+Redact(uri), err, hint)
}

// redacted is an error whose text may repeat parts of a URI.
type redacted struct {
	err     error
	text    string
	secrets []string
}

func (e *redacted) Error() string {
	text := e.text
	for _, s := range e.secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	return text
}

// Is compares the error itself; it is not unwrapped, since its text is not safe.
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
