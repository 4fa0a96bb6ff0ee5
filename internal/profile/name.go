package profile

import (
	"fmt"
	"regexp"
)

// ID identifies a profile.
type ID struct {
	Service string // such as "gopro"
	Name    string // "" for the default profile
}

// String returns SERVICE@NAME, or SERVICE for the default profile.
func (id ID) String() string {
	if id.Name == "" {
		return id.Service
	}
	return id.Service + "@" + id.Name
}

// names are safe as a directory, in a URI, in a session's id and as a TOML key,
// and do not differ by case alone.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// reserved would be mistaken for the profile without a name.
const reserved = "default"

// CheckName returns an error that says which names a profile can have, unless
// name is one of them.
func CheckName(name string) error {
	switch {
	case name == reserved:
		return fmt.Errorf("profile name %q is reserved: the default profile is the station with no profile", name)
	case !names.MatchString(name):
		return fmt.Errorf("profile name %q is not valid: use 1 to 32 lower-case letters, digits, - and _, beginning with a letter or digit", name)
	}
	return nil
}
