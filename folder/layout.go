package folder

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// DefaultLayout is the layout of folders for which none is set.
const DefaultLayout = "{year}/{month}/{name}"

// Layout says where in a folder a file is put.
type Layout struct {
	text     string
	elements [][]piece // of the path
}

// piece is a literal text or a field.
type piece struct {
	text  string
	field func(*placing) string // nil for a literal
}

// placing is what the fields of a layout are taken from.
type placing struct {
	item *media.Item
	at   time.Time // of the capture, in the folder's zone; zero if unknown
}

// fields are the fields of a layout, by name.
var fields = map[string]func(*placing) string{
	"year":   func(p *placing) string { return p.date("2006") },
	"month":  func(p *placing) string { return p.date("01") },
	"day":    func(p *placing) string { return p.date("02") },
	"name":   func(p *placing) string { return p.item.BaseName() },
	"stem":   func(p *placing) string { return strings.TrimSuffix(p.item.BaseName(), path.Ext(p.item.BaseName())) },
	"ext":    func(p *placing) string { return strings.TrimPrefix(path.Ext(p.item.BaseName()), ".") },
	"camera": func(p *placing) string { return p.item.Camera },
	"album":  func(p *placing) string { return firstTitle(p.item.Albums) },
	"medium": func(p *placing) string { return p.item.ID.Medium },
	"kind":   func(p *placing) string { return string(p.item.Kind) },
}

// fieldNames is the order in which messages name the fields.
var fieldNames = []string{"year", "month", "day", "name", "stem", "ext", "camera", "album", "medium", "kind"}

// naming are the fields of which the last element of a layout needs one.
var naming = []string{"name", "stem", "medium"}

func (p *placing) date(format string) string {
	if p.at.IsZero() {
		return ""
	}
	return p.at.Format(format)
}

func firstTitle(albums []media.Album) string {
	if len(albums) == 0 {
		return ""
	}
	return albums[0].Title
}

// ParseLayout parses a template such as [DefaultLayout]: a relative path whose
// elements consist of text and of fields in braces. "{{" is a brace.
func ParseLayout(template string) (Layout, error) {
	l := Layout{text: template}
	var last []string
	for element := range strings.SplitSeq(template, "/") {
		pieces, used, err := parseElement(element)
		switch {
		case err != nil:
			return Layout{}, fmt.Errorf("layout %q: %w", template, err)
		case element == "" || element == "." || element == "..":
			return Layout{}, fmt.Errorf("layout %q: it has to be a relative path without empty elements, %q and %q", template, ".", "..")
		}
		l.elements = append(l.elements, pieces)
		last = used
	}
	if !slices.ContainsFunc(last, func(name string) bool { return slices.Contains(naming, name) }) {
		return Layout{}, fmt.Errorf("layout %q: its last element names the file and needs one of {%s}", template, strings.Join(naming, "}, {"))
	}
	return l, nil
}

func parseElement(text string) (pieces []piece, used []string, err error) {
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
		field := fields[name]
		switch {
		case !closed:
			return nil, nil, fmt.Errorf("the brace before %q is not closed; {{ stands for a brace", rest)
		case field == nil:
			return nil, nil, fmt.Errorf("there is no field {%s}; the fields are {%s}", name, strings.Join(fieldNames, "} {"))
		}
		pieces = append(pieces, piece{text: literal}, piece{field: field})
		used = append(used, name)
		literal, text = "", after
	}
	return append(pieces, piece{text: literal}), used, nil
}

// String returns the template.
func (l Layout) String() string { return l.text }

// Path returns where an item is put: a relative path with slashes, of safe names. A
// capture time counts in the given zone. An element with a field that has no value
// is left out; the last one is then the item's name.
func (l Layout) Path(item media.Item, zone *time.Location) string {
	p := &placing{item: &item}
	if !item.CapturedAt.IsZero() {
		p.at = item.CapturedAt.In(zone)
	}
	var safe []string
	for i, element := range l.elements {
		name, ok := p.fill(element)
		switch last := i == len(l.elements)-1; {
		case ok:
			safe = append(safe, media.SafeName(name))
		case last:
			safe = append(safe, media.SafeName(item.BaseName()))
		}
	}
	return strings.Join(safe, "/")
}

// fill returns the text of an element, or false if one of its fields has no value.
func (p *placing) fill(element []piece) (string, bool) {
	var text strings.Builder
	for _, piece := range element {
		if piece.field == nil {
			text.WriteString(piece.text)
			continue
		}
		value := piece.field(p)
		if value == "" {
			return "", false
		}
		text.WriteString(value)
	}
	return text.String(), true
}
