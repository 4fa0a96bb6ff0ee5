package media

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// IsZero reports whether id identifies nothing, as the ID of an item that
// is known by its name only.
func (id ID) IsZero() bool { return id == ID{} }

// Key returns the stable textual form of id, such as
// "gopro/k7Qp2mVx9Rt4b/1/source": station, medium, part and label, each
// path-escaped. An origin follows its station, as in
// "folder@3f9a/2026%2FGX01.MP4/1/". Different IDs have different keys. The key of
// the zero ID is "".
func (id ID) Key() string {
	if id.IsZero() {
		return ""
	}
	return strings.Join([]string{
		id.place(),
		url.PathEscape(id.Medium),
		strconv.Itoa(id.Part),
		url.PathEscape(id.Label),
	}, "/")
}

// MarshalText returns the key of id.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.Key()), nil }

// UnmarshalText reads a key; "" is that of the zero ID.
func (id *ID) UnmarshalText(key []byte) (err error) {
	if *id = (ID{}); len(key) > 0 {
		*id, err = ParseKey(string(key))
	}
	return err
}

// originMark separates a station from its origin in a key.
const originMark = "@"

// place returns station and origin as the first field of a key.
func (id ID) place() string {
	place := strings.ReplaceAll(url.PathEscape(id.Station), originMark, "%40")
	if id.Origin != "" {
		place += originMark + url.PathEscape(id.Origin)
	}
	return place
}

// objectMark separates a label from the object that distinguishes one file from others
// of its part.
const objectMark = "@"

// Of returns the identity of one object among several that a source lists under
// id: the object becomes part of the label, as in "gopro/m/2/source@1f0e9a". It
// returns id if object is "" or id is of an object already.
func (id ID) Of(object string) ID {
	if object != "" && id == id.Plain() {
		id.Label += objectMark + object
	}
	return id
}

// Plain returns id without the object that [ID.Of] adds.
func (id ID) Plain() ID {
	id.Label, _, _ = strings.Cut(id.Label, objectMark)
	return id
}

// ParseKey is the inverse of [ID.Key]. It accepts only what Key returns for an
// ID that is not zero, so that one ID never goes by two keys.
func ParseKey(key string) (ID, error) {
	fields := strings.Split(key, "/")
	if len(fields) != 4 {
		return ID{}, fmt.Errorf("item key %q: want station/medium/part/label or station@origin/medium/part/label", key)
	}
	part, err := strconv.Atoi(fields[2])
	if err != nil {
		return ID{}, fmt.Errorf("item key %q: part %q is not a number", key, fields[2])
	}
	id := ID{Part: part}
	station, origin, _ := strings.Cut(fields[0], originMark)
	for _, field := range []struct {
		to   *string
		text string
	}{{&id.Station, station}, {&id.Origin, origin}, {&id.Medium, fields[1]}, {&id.Label, fields[3]}} {
		if *field.to, err = url.PathUnescape(field.text); err != nil {
			return ID{}, fmt.Errorf("item key %q: %w", key, err)
		}
	}
	if id.Key() != key {
		return ID{}, fmt.Errorf("item key %q: not in canonical form", key)
	}
	return id, nil
}
