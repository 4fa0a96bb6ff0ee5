package app

import (
	"fmt"
	"strings"

	"github.com/gondola-sync/gondola/internal/profile"
)

// URI names a station: SCHEME[@PROFILE]:[PATH].
type URI struct {
	Scheme  string // such as "gopro"
	Profile string // whose credentials open it; "" for the default one
	Path    string // what of the station is meant; "" for all of it
}

// ParseURI parses the URI of a station. It checks the form and the profile's
// name, not whether there is such a station or such a profile.
func ParseURI(text string) (URI, error) {
	head, path, found := strings.Cut(text, ":")
	if !found || head == "" {
		return URI{}, fmt.Errorf("%q is not a station: a station has the form %q or %q", text, "SCHEME:", "SCHEME@PROFILE:")
	}
	scheme, name, named := strings.Cut(head, "@")
	if named {
		if err := profile.CheckName(name); err != nil {
			return URI{}, fmt.Errorf("station %q: %w", text, err)
		}
	}
	return URI{Scheme: scheme, Profile: name, Path: path}, nil
}

// Station returns the URI of the whole station, such as "gopro@anna:".
func (u URI) Station() string {
	return profile.ID{Service: u.Scheme, Name: u.Profile}.String() + ":"
}

// String returns the URI as [ParseURI] takes it.
func (u URI) String() string { return u.Station() + u.Path }
