package media

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
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

// Equal reports whether both filters are written alike.
func (f Filter) Equal(other Filter) bool {
	return f.MaxItems == other.MaxItems && slices.Equal(f.Types, other.Types) &&
		slices.Equal(f.Include, other.Include) && slices.Equal(f.Exclude, other.Exclude)
}

// String describes the filter for people, such as "type photo, not *.360", or
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
// whoever takes items counts them. A malformed pattern matches nothing.
func (f Filter) Match(item Item) bool {
	return f.matchType(item) &&
		(len(f.Include) == 0 || matchAny(f.Include, item.Name)) &&
		!matchAny(f.Exclude, item.Name)
}

func (f Filter) matchType(item Item) bool {
	for _, t := range f.Types {
		if strings.EqualFold(t, item.Type) || strings.EqualFold(t, string(item.Kind)) {
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

// Validate returns an error that names everything in the filter that cannot be
// meant: malformed patterns, empty types, a negative limit. Which types there
// are is known to the source only.
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
