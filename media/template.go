package media

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Template is a text with fields in braces that are taken from an item, such as
// "{year}-{month}". "{{" is a brace.
type Template struct {
	text   string
	pieces []piece
}

// piece is a literal text or a field.
type piece struct {
	text string
	name string // of the field; "" for a literal
}

// Fields returns the names of the fields that describe an item, in the order in
// which messages name them.
func Fields() []string {
	return []string{"year", "month", "day", "name", "stem", "ext", "camera", "album", "medium", "kind"}
}

// FolderField is the field of the directory of an item at its source, its parts
// joined with " / ".
const FolderField = "folder"

// ParseTemplate parses a template that may have these fields.
func ParseTemplate(text string, fields []string) (Template, error) {
	t := Template{text: text}
	literal := ""
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		literal += before
		if !found {
			break
		}
		if after, ok := strings.CutPrefix(rest, "{"); ok {
			literal, text = literal+"{", after
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			return Template{}, fmt.Errorf("the brace before %q is not closed; {{ stands for a brace", rest)
		case !slices.Contains(fields, name):
			return Template{}, fmt.Errorf("there is no field {%s}; the fields are {%s}", name, strings.Join(fields, "} {"))
		}
		t.pieces = append(t.pieces, piece{text: literal}, piece{name: name})
		literal, text = "", after
	}
	t.pieces = append(t.pieces, piece{text: literal})
	return t, nil
}

// String returns the text of the template.
func (t Template) String() string { return t.text }

// Has reports whether the template has one of the fields.
func (t Template) Has(fields ...string) bool {
	return slices.ContainsFunc(t.pieces, func(p piece) bool { return p.name != "" && slices.Contains(fields, p.name) })
}

// Fill returns the text for an item, whose capture time counts in a time zone. It
// returns false if a field has no value.
func (t Template) Fill(item *Item, zone *time.Location) (string, bool) {
	var text strings.Builder
	for _, p := range t.pieces {
		if p.name == "" {
			text.WriteString(p.text)
			continue
		}
		value := item.field(p.name, zone)
		if value == "" {
			return "", false
		}
		text.WriteString(value)
	}
	return text.String(), true
}

// dateFields are the layouts of the fields of the capture time.
var dateFields = map[string]string{"year": "2006", "month": "01", "day": "02"}

// field returns the value of a field; "" if it has none.
func (it *Item) field(name string, zone *time.Location) string {
	switch name {
	case "name":
		return it.BaseName()
	case "stem":
		return strings.TrimSuffix(it.BaseName(), path.Ext(it.BaseName()))
	case "ext":
		return strings.TrimPrefix(path.Ext(it.BaseName()), ".")
	case "camera":
		return it.Camera
	case "album":
		if len(it.Albums) > 0 {
			return it.Albums[0].Title
		}
		return ""
	case "medium":
		return it.ID.Medium
	case "kind":
		return string(it.Kind)
	case FolderField:
		return DirTitle(it.Dir)
	}
	if it.CapturedAt.IsZero() {
		return ""
	}
	return it.CapturedAt.In(zone).Format(dateFields[name])
}

// DirTitle returns the title of the album that a directory stands for; "" for the
// root.
func DirTitle(dir string) string {
	if dir == "" || dir == "." {
		return ""
	}
	return CleanTitle(strings.ReplaceAll(dir, "/", " / "))
}
