package photos

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/page"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// shownItems is how many items the page shows, newest first.
const shownItems = 300

// cachedThumbnails is how many thumbnails the page keeps.
const cachedThumbnails = 600

// libraryPage is what lies in the emulated Google Photos, for the eye.
type libraryPage struct {
	Nonce          string
	Now            time.Time
	Total          int
	Photos, Videos int
	Bytes          int64
	More           int // items that are not shown
	Albums         []shownAlbum
	Days           []shownDay
	Uploads        []upload.State
	Usage          google.Usage
	Limit          int64 // API calls per day
}

type shownAlbum struct {
	Title string
	Count int
	Cover string // id of an item; empty: none
}

type shownDay struct {
	Date  time.Time
	Items []Item
}

func (g *Service) libraryPage(project string) libraryPage {
	p := libraryPage{Nonce: google.Opaque(22), Now: g.now(), Usage: g.frontend.Quota.Usage(project, g.now()), Limit: g.frontend.Quota.Requests}
	items := g.Items()
	slices.SortStableFunc(items, func(a, b Item) int { return b.Created.Compare(a.Created) })
	p.Total = len(items)
	for _, it := range items {
		p.Bytes += it.Size
		if it.Status == "" {
			p.Photos++
		} else {
			p.Videos++
		}
	}
	p.More = max(0, len(items)-shownItems)
	p.Days = byDay(items[:len(items)-p.More])
	for _, a := range g.Albums() {
		shown := shownAlbum{Title: a.Title, Count: len(a.Items)}
		if len(a.Items) > 0 {
			shown.Cover = a.Items[0]
		}
		p.Albums = append(p.Albums, shown)
	}
	p.Uploads = underWay(g.uploads.States())
	return p
}

func underWay(uploads []upload.State) []upload.State {
	uploads = slices.DeleteFunc(uploads, func(u upload.State) bool { return u.Status != upload.Active })
	slices.SortFunc(uploads, func(a, b upload.State) int { return a.Started.Compare(b.Started) })
	return uploads
}

func byDay(items []Item) []shownDay {
	var days []shownDay
	for _, it := range items {
		day := it.Created.UTC().Truncate(24 * time.Hour)
		if len(days) == 0 || !days[len(days)-1].Date.Equal(day) {
			days = append(days, shownDay{Date: day})
		}
		days[len(days)-1].Items = append(days[len(days)-1].Items, it)
	}
	return days
}

// PageRoutes show the library, with the usage of a project.
func (g *Service) PageRoutes(project string) []route.Route {
	thumbs := &thumbnails{made: map[string][]byte{}}
	return []route.Route{
		{Name: "page", Role: route.Control, Pattern: "GET /{$}", Handler: func(w http.ResponseWriter, _ *http.Request) {
			p := g.libraryPage(project)
			page.Write(w, http.StatusOK, "library.html", p, p.Nonce)
		}},
		{Name: "page.thumbnail", Role: route.Control, Pattern: "GET /thumbnail/{id}", Handler: func(w http.ResponseWriter, r *http.Request) {
			g.showThumbnail(w, r, thumbs)
		}},
	}
}

// thumbnails remembers what was drawn.
type thumbnails struct {
	mu   sync.Mutex
	made map[string][]byte // by item id
}

func (t *thumbnails) get(id string, draw func() []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if made, ok := t.made[id]; ok {
		return made
	}
	if len(t.made) >= cachedThumbnails {
		clear(t.made)
	}
	t.made[id] = draw()
	return t.made[id]
}

func (g *Service) showThumbnail(w http.ResponseWriter, r *http.Request, t *thumbnails) {
	g.library.mu.Lock()
	it := g.library.byID[r.PathValue("id")]
	if it == nil {
		g.library.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	f, media, sum := it.file, it.media, it.sum
	g.library.mu.Unlock()
	picture := t.get(it.id, func() []byte {
		return thumbnail(f, media, sum, rendition{width: 360, height: 270, crop: true})
	})
	w.Header().Set("Cache-Control", "private, max-age=86400")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	route.Respond(w, http.StatusOK, "image/jpeg", string(picture))
}
