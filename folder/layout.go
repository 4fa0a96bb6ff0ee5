package folder

import (
	"fmt"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// DefaultLayout is the layout of folders for which none is set.
const DefaultLayout = "{year}/{month}/{name}"

// Layout says where in a folder a file is put.
type Layout struct {
	text     string
	elements []media.Template // of the path
}

// naming are the fields of which the last element of a layout needs one.
var naming = []string{"name", "stem", "medium"}

// ParseLayout parses a template such as [DefaultLayout]: a relative path whose
// elements consist of text and of fields in braces. "{{" is a brace.
func ParseLayout(template string) (Layout, error) {
	l := Layout{text: template}
	for text := range strings.SplitSeq(template, "/") {
		element, err := media.ParseTemplate(text, media.Fields())
		switch {
		case err != nil:
			return Layout{}, fmt.Errorf("layout %q: %w", template, err)
		case text == "" || text == "." || text == "..":
			return Layout{}, fmt.Errorf("layout %q: it has to be a relative path without empty elements, %q and %q", template, ".", "..")
		}
		l.elements = append(l.elements, element)
	}
	if last := l.elements[len(l.elements)-1]; !last.Has(naming...) {
		return Layout{}, fmt.Errorf("layout %q: its last element names the file and needs one of {%s}", template, strings.Join(naming, "}, {"))
	}
	return l, nil
}

// String returns the template.
func (l Layout) String() string { return l.text }

// ShowsAlbum reports whether a path depends on the albums of an item.
func (l Layout) ShowsAlbum() bool {
	for _, element := range l.elements {
		if element.Has("album") {
			return true
		}
	}
	return false
}

// Path returns where an item is put: a relative path with slashes, of safe names. A
// capture time counts in the given zone. An element with a field that has no value
// is left out; the last one is then the item's name.
func (l Layout) Path(item media.Item, zone *time.Location) string {
	var safe []string
	for i, element := range l.elements {
		name, ok := element.Fill(&item, zone)
		switch last := i == len(l.elements)-1; {
		case ok:
			safe = append(safe, media.SafeName(name))
		case last:
			safe = append(safe, media.SafeName(item.BaseName()))
		}
	}
	return strings.Join(safe, "/")
}
