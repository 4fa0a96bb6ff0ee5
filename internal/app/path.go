package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// pathLike begins with a slash, a dot, a tilde or a drive letter.
var pathLike = regexp.MustCompile(`^(?:[/\\]|\.{1,2}(?:[/\\]|$)|~(?:[/\\]|$)|[A-Za-z]:[/\\])`)

// IsPath reports whether a text is a path, which stands for a station of the kind
// whose URIs name one.
func IsPath(text string) bool { return pathLike.MatchString(text) }

// pathURI returns the URI of a path, which is made absolute.
func pathURI(scheme, path string) (URI, error) {
	uri := URI{Scheme: scheme}
	if path == "" {
		return uri, usagef("%s: names no path: write %s:PATH, or a path such as ./photos", scheme, scheme)
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return uri, usagef("%q: %v", path, err)
		}
		path = filepath.Join(home, path[1:])
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return uri, usagef("%q: %v", path, err)
	}
	uri.Path = whole
	return uri, nil
}

// contains reports whether another URI's path lies below this one's.
func (u URI) contains(other URI) bool {
	if u.Scheme != other.Scheme || u.Path == "" || other.Path == "" {
		return false
	}
	rel, err := filepath.Rel(u.Path, other.Path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Overlaps reports whether two URIs name the same station, or one lies in the other.
func (u URI) Overlaps(other URI) bool {
	return u == other || u.contains(other) || other.contains(u)
}
