package photos

import (
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
)

// album is a list of a user's items. Its methods are called with the library's
// mutex held.
type album struct {
	id, user, project string
	title             string
	seq               int
	made              time.Time
	items             []*item
	cover             *item
}

type albumPosition struct {
	Position                 string `json:"position"`
	RelativeMediaItemID      string `json:"relativeMediaItemId"`
	RelativeEnrichmentItemID string `json:"relativeEnrichmentItemId"`
}

func (p *albumPosition) check() error {
	switch p.Position {
	case "", "POSITION_TYPE_UNSPECIFIED", "FIRST_IN_ALBUM", "LAST_IN_ALBUM":
		return nil
	case "AFTER_MEDIA_ITEM":
		if p.RelativeMediaItemID == "" {
			return google.Invalidf("Request must contain a relative media item id.")
		}
		return nil
	case "AFTER_ENRICHMENT_ITEM":
		return google.Invalidf("Request contains an invalid enrichment item id.") // albums here have none
	}
	return google.Invalidf("Invalid value at 'album_position.position' (type.googleapis.com/google.photos.library.v1.AlbumPosition.PositionType), %q", p.Position)
}

// knows checks that a position refers to something in the album.
func (a *album) knows(p *albumPosition) error {
	if p == nil || p.Position != "AFTER_MEDIA_ITEM" || a.index(p.RelativeMediaItemID) >= 0 {
		return nil
	}
	return google.Invalidf("Request contains an invalid media item id.")
}

func (a *album) index(id string) int {
	return slices.IndexFunc(a.items, func(it *item) bool { return it.id == id })
}

// place is the index that a position stands for.
func (a *album) place(p *albumPosition) int {
	switch {
	case a == nil:
		return 0
	case p == nil:
		return len(a.items)
	}
	switch p.Position {
	case "FIRST_IN_ALBUM":
		return 0
	case "AFTER_MEDIA_ITEM":
		return a.index(p.RelativeMediaItemID) + 1
	}
	return len(a.items)
}

// insert adds an item unless the album has it already.
func (a *album) insert(at int, it *item) bool {
	if slices.Contains(a.items, it) {
		return false
	}
	a.items = slices.Insert(a.items, at, it)
	return true
}

func (a *album) remove(it *item) {
	a.items = slices.DeleteFunc(a.items, func(o *item) bool { return o == it })
	if a.cover == it {
		a.cover = nil
	}
}

// coverItem is the chosen cover, else the first item, else nil.
func (a *album) coverItem() *item {
	if a.cover == nil && len(a.items) > 0 {
		return a.items[0]
	}
	return a.cover
}

func (a *album) key() string { return fmt.Sprintf("%012d", a.seq) }

func (l *library) createAlbum(c google.Caller, title string, now time.Time) *album {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	a := &album{id: "AF1Qip" + google.Opaque(92), user: c.User, project: c.Project, title: title, seq: l.seq, made: now}
	l.albums[a.id] = a
	acc := l.account(c.User)
	acc.albums = append(acc.albums, a)
	return a
}

// findAlbum returns a user's album that a project may see.
func (l *library) findAlbum(c google.Caller, id string) *album {
	a := l.albums[id]
	if a == nil || a.user != c.User || a.project != c.Project {
		return nil
	}
	return a
}

func (l *library) dropAlbum(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.albums[id]
	if a == nil {
		return false
	}
	delete(l.albums, id)
	acc := l.account(a.user)
	acc.albums = slices.DeleteFunc(acc.albums, func(o *album) bool { return o == a })
	return true
}

func (l *library) listAlbums() []Album {
	l.mu.Lock()
	defer l.mu.Unlock()
	albums := []Album{}
	for _, a := range l.albums {
		out := Album{ID: a.id, User: a.user, Title: a.title}
		for _, it := range a.items {
			out.Items = append(out.Items, it.id)
		}
		albums = append(albums, out)
	}
	slices.SortFunc(albums, func(x, y Album) int { return l.albums[x.ID].seq - l.albums[y.ID].seq })
	return albums
}
