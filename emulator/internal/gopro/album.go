package gopro

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// albumID is the UUID of an album by its number; the root, which holds them all,
// is number 0.
func albumID(number int) string {
	return fmt.Sprintf("5d0c6b1f-4e7a-4b2c-9d3e-%012d", number)
}

// PutAlbum makes an album and returns its id.
func (g *Account) PutAlbum(a Album) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.owned = append(g.owned, Album{Title: a.Title, Media: slices.Clone(a.Media)})
	return albumID(len(g.owned))
}

// ChangeAlbum calls change with an album, and reports whether there is one.
func (g *Account) ChangeAlbum(id string, change func(*Album)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.owned {
		if albumID(i+1) == id {
			change(&g.owned[i])
			return true
		}
	}
	return false
}

// albums lists the albums or, with parent_id, the media of one.
func (g *Account) albums(w http.ResponseWriter, r *http.Request) {
	q, _ := parseSearch(r.URL.Query(), true) // only its pages matter here
	items := g.collections()
	if r.URL.Query().Has("parent_id") {
		items = g.members(r.URL.Query().Get("parent_id"))
	}
	start := min(max(q.page-1, 0)*q.perPage, len(items))
	rows := items[start:min(start+q.perPage, len(items))]
	route.JSON(w, http.StatusOK, map[string]any{
		"items": fault.Disturb(rows, fault.Of(r, fault.ShortPage)), "_pages": pages(q, len(items)),
	})
}

// album answers one album, bare.
func (g *Account) album(w http.ResponseWriter, r *http.Request) {
	for _, c := range g.collections() {
		if c["id"] == r.PathValue("id") {
			route.JSON(w, http.StatusOK, c)
			return
		}
	}
	refuse(w, r, http.StatusNotFound)
}

func (g *Account) collections() []entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	created := wireTime(g.env.Start)
	collection := func(number int, title string, parents, members []string) entry {
		return entry{
			"id": albumID(number), "type": "collection", "title": title, "label": "mural", "description": nil, "place": nil,
			"created_at": created, "updated_at": created, "user_date": created, "root": number == 0,
			"parent_ids": parents, "item_ids": members,
		}
	}
	list := []entry{collection(0, "", []string{}, []string{})}
	for i, a := range g.owned {
		members := []string{}
		for _, id := range a.Media {
			members = append(members, albumItemID(i+1, id))
		}
		list = append(list, collection(i+1, a.Title, []string{albumID(0)}, members))
	}
	return list
}

// albumItemID is the UUID of a medium within an album, which is not its id.
func albumItemID(album int, id string) string {
	f := fingerprint(fmt.Sprintf("%d in album: %s", album, id))
	return f[:8] + "-" + f[8:12] + "-4" + f[13:16] + "-8" + f[17:20] + "-" + f[20:]
}

func (g *Account) members(parent string) []entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	items := []entry{}
	for i, a := range g.owned {
		if albumID(i+1) != parent {
			continue
		}
		for _, id := range a.Media {
			if s := g.media[id]; s != nil && s.trashed.IsZero() {
				items = append(items, entry{
					"id": albumItemID(i+1, id), "type": "medium", "parent_ids": []string{parent}, "medium": g.rowOf(s, nil),
				})
			}
		}
	}
	return items
}
