package media

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/internal/suggest"
)

// Filter says which items of a listing to take. The zero Filter takes all.
type Filter struct {
	Types    []string `json:"types,omitempty"`     // kinds or the source's own types, any case
	Include  []string `json:"include,omitempty"`   // path.Match patterns on Name, any case; none means all
	Exclude  []string `json:"exclude,omitempty"`   // patterns that win over Include
	MaxItems int      `json:"max_items,omitempty"` // at most so many; 0 for all
}

// IsZero reports whether the filter takes everything.
func (f Filter) IsZero() bool { return f.Equal(Filter{}) }

// Equal reports whether both filters say the same: the order, the case and the
// repetition of words do not matter.
func (f Filter) Equal(other Filter) bool {
	a, b := f.Canonical(), other.Canonical()
	return a.MaxItems == b.MaxItems && slices.Equal(a.Types, b.Types) &&
		slices.Equal(a.Include, b.Include) && slices.Equal(a.Exclude, b.Exclude)
}

// Canonical returns the one form of all filters that are Equal to f: lower-case
// words, sorted, each once.
func (f Filter) Canonical() Filter {
	return Filter{
		Types: canonical(f.Types), Include: canonical(f.Include), Exclude: canonical(f.Exclude),
		MaxItems: f.MaxItems,
	}
}

func canonical(words []string) []string {
	var list []string
	for _, word := range words {
		list = append(list, strings.ToLower(word))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// String describes the filter in words, such as "type photo, not *.360", or
// "none".
func (f Filter) String() string {
	var parts []string
	add := func(word string, values []string) {
		if len(values) > 0 {
			parts = append(parts, word+strings.Join(values, " or "))
		}
	}
	add("type ", f.Types)
	add("named ", f.Include)
	add("not ", f.Exclude)
	if f.MaxItems > 0 {
		parts = append(parts, fmt.Sprintf("at most %d", f.MaxItems))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Match reports whether the filter takes the item. MaxItems is not its matter:
// the caller counts what it takes. A malformed pattern matches nothing.
func (f Filter) Match(item Item) bool {
	return f.TakesType(item.Kind, item.Type) &&
		(len(f.Include) == 0 || matchAny(f.Include, item.Name)) &&
		!matchAny(f.Exclude, item.Name)
}

// TakesType reports whether the filter takes items of a kind and of the source's
// own type, as far as that decides.
func (f Filter) TakesType(kind Kind, typ string) bool {
	for _, t := range f.Types {
		if strings.EqualFold(t, typ) || strings.EqualFold(t, string(kind)) {
			return true
		}
	}
	return len(f.Types) == 0
}

func matchAny(patterns []string, name string) bool {
	name = strings.ToLower(name)
	for _, p := range patterns {
		if ok, _ := path.Match(strings.ToLower(p), name); ok {
			return true
		}
	}
	return false
}

// CheckTypes returns an error that names each type of the filter that is neither
// a kind nor one of a source's own types, with the nearest word that is.
func (f Filter) CheckTypes(own []string) error {
	known := []string{string(Photo), string(Video)}
	for _, t := range own {
		if !containsFold(known, t) {
			known = append(known, t)
		}
	}
	var errs []error
	for _, t := range f.Types {
		if containsFold(known, t) {
			continue
		}
		near := suggest.DidYouMean(t, known...)
		if near == "" {
			near = "; known are " + strings.Join(known, ", ")
		}
		errs = append(errs, fmt.Errorf("type %q is not known here%s", t, near))
	}
	return errors.Join(errs...)
}

func containsFold(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
}

// Validate returns an error that names everything in the filter that cannot be
// meant: malformed patterns, empty types, a negative limit. Which types there
// are is known to the source only: see [Filter.CheckTypes].
func (f Filter) Validate() error {
	var errs []error
	for _, t := range f.Types {
		if strings.TrimSpace(t) == "" {
			errs = append(errs, errors.New("filter: a type is empty"))
		}
	}
	for _, list := range []struct {
		name     string
		patterns []string
	}{{"include", f.Include}, {"exclude", f.Exclude}} {
		for _, p := range list.patterns {
			if _, err := path.Match(strings.ToLower(p), ""); err != nil || p == "" {
				errs = append(errs, fmt.Errorf("%s %q: not a pattern such as GX*.MP4", list.name, p))
			}
		}
	}
	if f.MaxItems < 0 {
		errs = append(errs, fmt.Errorf("at most %d items: want 0 (no limit) or more", f.MaxItems))
	}
	return errors.Join(errs...)
}
