package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/suggest"
)

// Registry is the kinds of stations that a program knows.
type Registry []Kind

// Kind returns the kind of a scheme.
func (r Registry) Kind(scheme string) (Kind, bool) {
	i := slices.IndexFunc(r, func(k Kind) bool { return k.Scheme == scheme })
	if i < 0 {
		return Kind{}, false
	}
	return r[i], true
}

// Services returns the kinds that have profiles, and the keys of their tables.
func (r Registry) Services() profile.Services {
	services := profile.Services{}
	for _, k := range r {
		if k.Keys != nil {
			services[k.Scheme] = k.Keys
		}
	}
	return services
}

// Parse parses the URI of a station of a known kind. Its error is a
// [*config.UsageError].
func (r Registry) Parse(text string) (URI, error) {
	if k, ok := r.paths(); ok && IsPath(text) {
		return pathURI(k.Scheme, text)
	}
	uri, err := ParseURI(text)
	if k, known := r.Kind(uri.Scheme); known && k.Paths && err == nil && uri.Profile == "" {
		return pathURI(k.Scheme, uri.Path)
	}
	if _, known := r.Kind(uri.Scheme); known && err == nil {
		return uri, r.check(uri)
	}
	if strings.Contains(text, "@") && err != nil {
		return uri, &config.UsageError{Message: err.Error()}
	}
	names := r.names()
	hint := suggest.DidYouMean(strings.TrimRight(text, ":")+":", names...)
	if _, ok := r.paths(); ok && hint == "" && !strings.Contains(text, ":") {
		hint = "; a directory is written with a slash, as in ./" + text
	}
	return uri, usagef("%q is not a station; this version knows %s%s", text, strings.Join(names, ", "), hint)
}

// paths returns the kind whose URIs name a path.
func (r Registry) paths() (Kind, bool) {
	i := slices.IndexFunc(r, func(k Kind) bool { return k.Paths })
	if i < 0 {
		return Kind{}, false
	}
	return r[i], true
}

// check returns a usage error for what stations of the kind do not have.
func (r Registry) check(uri URI) error {
	k, _ := r.Kind(uri.Scheme)
	switch {
	case uri.Profile != "" && k.Keys == nil:
		return usagef("%q: %s has no profiles", uri, k.About)
	case uri.Path != "":
		return usagef("%q: a part of a station is not supported yet: write %s", uri, uri.Station())
	}
	return nil
}

// Route parses the URIs of a source and a destination. Its error is a
// [*config.UsageError].
func (r Registry) Route(from, to string) (source, destination URI, err error) {
	if source, err = r.Parse(from); err != nil {
		return source, destination, err
	}
	if destination, err = r.Parse(to); err != nil {
		return source, destination, err
	}
	if source == destination {
		return source, destination, usagef("both stations are %q: there is nothing to carry", from)
	}
	if source.contains(destination) || destination.contains(source) {
		return source, destination, usagef("%q and %q lie in one another: what was carried would be found again", from, to)
	}
	fromKind, _ := r.Kind(source.Scheme)
	toKind, _ := r.Kind(destination.Scheme)
	if !fromKind.IsSource() || !toKind.IsDestination() {
		return source, destination, usagef("from %q to %q is not possible: this version carries from %s to %s only", from, to,
			strings.Join(r.Filter(Kind.IsSource).names(), ", "), strings.Join(r.Filter(Kind.IsDestination).names(), ", "))
	}
	return source, destination, nil
}

// DefaultFrom is the source of a run that names none: the first one there is.
func (r Registry) DefaultFrom() string { return r.Filter(Kind.IsSource)[0].Scheme + ":" }

// DefaultTo is the destination of a run that names none: the first one there is.
func (r Registry) DefaultTo() string { return r.Filter(Kind.IsDestination)[0].Scheme + ":" }

// Canonical returns the one form of all ways to write a station.
func (r Registry) Canonical(text string) string {
	uri, err := r.Parse(text)
	if err != nil {
		return text
	}
	return uri.String()
}

// Meters returns the kinds of requests that each summary counts, whatever stations it
// is about.
func (r Registry) Meters() []string {
	var kinds []string
	for _, k := range r {
		kinds = append(kinds, k.Meters...)
	}
	return kinds
}

// Filter returns the kinds for which keep returns true.
func (r Registry) Filter(keep func(Kind) bool) Registry {
	var kept Registry
	for _, k := range r {
		if keep(k) {
			kept = append(kept, k)
		}
	}
	return kept
}

// Completions returns the stations, without profiles, for a shell.
func (r Registry) Completions() []cobra.Completion {
	var all []cobra.Completion
	for _, k := range r {
		all = append(all, cobra.CompletionWithDesc(k.Scheme+":", k.About))
	}
	return all
}

// Openers returns an opener for each kind, with the default values of its flags.
func (r Registry) Openers() Openers {
	openers := Openers{byScheme: make(map[string]Opener, len(r))}
	for _, k := range r {
		openers.byScheme[k.Scheme] = k.New()
	}
	return openers
}

func (r Registry) names() []string {
	var names []string
	for _, k := range r {
		names = append(names, k.Scheme+":")
	}
	return names
}

func usagef(format string, args ...any) error {
	return &config.UsageError{Message: fmt.Sprintf(format, args...)}
}
