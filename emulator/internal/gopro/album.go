package gopro

import (
	"fmt"
	"net/http"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// albumID is the UUID of an album by its index; the root, which holds them all,
// has index 0.
func albumID(index int) string {
	return fmt.Sprintf("5d0c6b1f-4e7a-4b2c-9d3e-%012d", index)
}

// albums lists the albums or, with parent_id, the media of one.
func (g *Account) albums(w http.ResponseWriter, r *http.Request) {
	q, _ := parseSearch(r.URL.Query(), true) // only its pages matter here
	items := g.collections()
	if r.URL.Query().Has("parent_id") {
		items = g.members(r.URL.Query().Get("parent_id"))
	}
	start := min(max(q.page-1, 0)*q.perPage, len(items))
	route.JSON(w, http.StatusOK, map[string]any{
		"items": items[start:min(start+q.perPage, len(items))], "_pages": pages(q, len(items)),
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
	created := wireTime(g.env.Start)
	collection := func(index int, title string, parents, members []string) entry {
		return entry{
			"id": albumID(index), "type": "collection", "title": title, "label": "mural", "description": nil, "place": nil,
			"created_at": created, "updated_at": created, "user_date": created, "root": index == 0,
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
	items := []entry{}
	for i, a := range g.owned {
		if albumID(i+1) != parent {
			continue
		}
		for _, id := range a.Media {
			if s, ok := g.medium(id); ok {
				items = append(items, entry{
					"id": albumItemID(i+1, id), "type": "medium", "parent_ids": []string{parent}, "medium": g.rowOf(&s, nil),
				})
			}
		}
	}
	return items
}
