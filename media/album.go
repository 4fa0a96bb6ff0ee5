package media

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Album is an album of a source.
type Album struct {
	// ID is the source's own id of the album, unique in the world, which stays when
	// the album is renamed. "" for an album that its title alone identifies.
	ID string
	// Title is a title as [AlbumTitle] returns it. Two albums may have the same.
	Title string
}

// albumFields is an album with an id in JSON; one without is its title.
type albumFields struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// MarshalJSON implements [json.Marshaler].
func (a Album) MarshalJSON() ([]byte, error) {
	if a.ID == "" {
		return json.Marshal(a.Title)
	}
	return json.Marshal(albumFields(a))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Album) UnmarshalJSON(data []byte) error {
	*a = Album{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &a.Title)
	}
	return json.Unmarshal(data, (*albumFields)(a))
}

// Same reports whether two values are of the same album, whatever its title is.
func (a Album) Same(b Album) bool {
	return a.ID == b.ID && (a.ID != "" || a.Title == b.Title)
}

// Untitled is the title of an album whose source gives it none.
const Untitled = "Untitled"

// CleanTitle makes a title as [AlbumTitle] returns it of any text: what is not
// UTF-8 and control characters become spaces, what is too long is cut, and a blank
// text becomes Untitled.
func CleanTitle(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.TrimSpace(norm.NFC.String(text))
	if text == "" {
		return Untitled
	}
	return cutTitle(text, "")
}

// MarkTitle returns a title with a mark behind it, cut so that both fit:
// "Summer (2)".
func MarkTitle(title, mark string) string { return cutTitle(title, " ("+mark+")") }

// cutTitle appends to a title, which is cut to make room.
func cutTitle(title, end string) string {
	if room := MaxTitle - utf8.RuneCountInString(end); utf8.RuneCountInString(title) > room {
		title = strings.TrimSpace(string([]rune(title)[:room]))
	}
	return title + end
}
