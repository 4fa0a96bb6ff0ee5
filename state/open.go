package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// ErrURI is wrapped by the error of an opening whose URI makes no sense: its
// scheme is not known, or the backend of that scheme cannot read the rest.
var ErrURI = errors.New("not a state URI")

// Opener opens the backend that a whole URI, scheme included, names.
type Opener func(ctx context.Context, uri string) (Backend, error)

// Openers are the known kinds of backends by URI scheme, such as "jsondir".
type Openers map[string]Opener

// Open opens the backend that uri names: a scheme, a colon, and what the
// backend of that scheme takes. Errors are [media.Fault]s of class SessionWide
// and hold no credentials of the URI.
func (o Openers) Open(ctx context.Context, uri string) (Backend, error) {
	scheme, _, found := strings.Cut(uri, ":")
	open := o[strings.ToLower(scheme)]
	if !found || open == nil {
		known := strings.Join(slices.Sorted(maps.Keys(o)), ", ")
		return nil, openFault(uri, fmt.Errorf("%w: unknown kind of state; known are %s", ErrURI, known), "write it as SCHEME:PATH, such as jsondir:sessions")
	}
	b, err := open(ctx, uri)
	if err == nil {
		return b, nil
	}
	hint, text := "", err.Error()
	if f, ok := errors.AsType[*media.Fault](err); ok {
		hint = f.Hint
		if strings.HasPrefix(f.Op, "open ") && f.Err != nil { // said below, and with the URI
			text = f.Err.Error()
		}
	}
	return nil, openFault(uri, &redacted{err: err, text: text, secrets: hidden(uri)}, hint)
}

func openFault(uri string, err error, hint string) error {
	return &media.Fault{
		Class: media.SessionWide, Code: media.CodeState,
		Op: "open state " + Redact(uri), Err: err, Hint: hint,
	}
}

// Redact returns uri without what may be a credential: user, password and
// query.
func Redact(uri string) string {
	base, query, hasQuery := strings.Cut(uri, "?")
	if i := strings.Index(base, "://"); i >= 0 {
		if at := strings.LastIndexByte(base, '@'); at > i {
			base = base[:i+3] + "…" + base[at:]
		}
	}
	if hasQuery && query != "" {
		base += "?…"
	}
	return base
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

// Credentials returns the parts of uri that are credentials, as written and
// decoded, longest first: user with password, password, and parameters such as
// sslpassword. What [Redact] shows anyway is none.
func Credentials(uri string) []string {
	base, query, _ := strings.Cut(uri, "?")
	var parts []string
	if _, rest, ok := strings.Cut(base, "://"); ok {
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			if user, password, ok := strings.Cut(rest[:at], ":"); ok && password != user {
				parts = append(parts, rest[:at], password)
			}
		}
	}
	for parameter := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(parameter, "="); secretName.MatchString(name) {
			parts = append(parts, value)
		}
	}
	return notShown(uri, parts)
}

// hidden returns what must not be read in an error: the credentials of uri, and
// its query as a whole.
func hidden(uri string) []string {
	_, query, _ := strings.Cut(uri, "?")
	return notShown(uri, append(Credentials(uri), query))
}

// notShown returns parts of uri, as written and decoded, longest first, without
// those that stand in the redacted URI too.
func notShown(uri string, parts []string) []string {
	for _, s := range slices.Clone(parts) {
		if plain, err := url.PathUnescape(s); err == nil {
			parts = append(parts, plain)
		}
	}
	shown := Redact(uri)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" || strings.Contains(shown, s) })
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(parts)
}

// secretName is what parameters are called whose values are credentials.
var secretName = regexp.MustCompile(`(?i)password|passwd|secret|token|mechanismproperties`)
