package filing

import (
	"slices"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// Plan says into which albums items go. The zero Plan puts them into none.
type Plan struct {
	title  *media.Template // nil for none
	mirror bool
	zone   *time.Location
}

// Fields returns the fields of the template of a title.
func Fields() []string { return append(media.Fields(), media.FolderField) }

// New returns a plan: into the album whose title a template gives, "" for none, and
// with mirror into those of the source. Capture times count in the zone, nil for the
// system's.
func New(template string, mirror bool, zone *time.Location) (Plan, error) {
	p := Plan{mirror: mirror, zone: zone}
	if zone == nil {
		p.zone = time.Local
	}
	if template == "" {
		return p, nil
	}
	title, err := media.ParseTemplate(template, Fields())
	if err == nil {
		_, err = media.AlbumTitle(template)
	}
	p.title = &title
	return p, err
}

// IsZero reports whether the plan puts no item into an album.
func (p Plan) IsZero() bool { return p.title == nil && !p.mirror }

// AsksSource reports whether the plan depends on the albums of the source.
func (p Plan) AsksSource() bool { return p.mirror || p.title != nil && p.title.Has("album") }

// Mirrors reports whether items go into the albums that hold them at the source.
func (p Plan) Mirrors() bool { return p.mirror }

// Albums returns the albums that an item goes into, each once. One of which a field
// of the title has no value goes into none of that title.
func (p Plan) Albums(it *media.Item) (albums []media.Album) {
	if p.title != nil {
		if title, ok := p.title.Fill(it, p.zone); ok {
			albums = append(albums, media.Album{Title: media.CleanTitle(title)})
		}
	}
	if p.mirror {
		for _, a := range it.Albums {
			a.Title = media.CleanTitle(a.Title)
			albums = Add(albums, a)
		}
	}
	return albums
}

// Add returns albums and a further one, unless it is among them.
func Add(albums []media.Album, a media.Album) []media.Album {
	if slices.ContainsFunc(albums, a.Same) {
		return albums
	}
	return append(albums, a)
}

// Without returns those of some albums that are not among others.
func Without(albums []media.Album, others ...media.Album) (left []media.Album) {
	for _, a := range albums {
		if !slices.ContainsFunc(others, a.Same) {
			left = append(left, a)
		}
	}
	return left
}

// Changed returns the albums that an item is still to be put into, when it was to be
// put into unfiled ones and what the plan says of it has changed from had to want:
// those it has left meanwhile are left out.
func Changed(unfiled, had, want []media.Album) []media.Album {
	left := Without(unfiled, Without(unfiled, want...)...)
	for _, a := range Without(want, had...) {
		left = Add(left, a)
	}
	return left
}
