package emulator

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

const maxTitle = 500 // characters

type wireAlbum struct {
	ID              string `json:"id"`
	Title           string `json:"title,omitempty"`
	ProductURL      string `json:"productUrl,omitempty"`
	IsWriteable     bool   `json:"isWriteable,omitempty"`
	MediaItemsCount int    `json:"mediaItemsCount,omitempty,string"`
	CoverBaseURL    string `json:"coverPhotoBaseUrl,omitempty"`
	CoverID         string `json:"coverPhotoMediaItemId,omitempty"`
}

func (g *Google) wireAlbum(c caller, a *album) wireAlbum {
	w := wireAlbum{
		ID: a.id, Title: a.title, ProductURL: "https://photos.google.com/lr/album/" + a.id,
		IsWriteable: c.may(scopeAppend), MediaItemsCount: len(a.items),
	}
	if cover := a.coverItem(); cover != nil {
		w.CoverID = cover.id
		w.CoverBaseURL = g.baseURL(c, cover)
	}
	return w
}

func (g *Google) albumRoutes() []route.Route {
	read, appends, edit := []string{scopeRead}, []string{scopeAppend}, []string{scopeEdit}
	return []route.Route{
		g.route(call{name: "albums.create", pattern: "POST /v1/albums", scopes: appends, write: true, do: g.albumCreate}),
		g.route(call{name: "albums.list", pattern: "GET /v1/albums", scopes: read, query: []string{"pageSize", "pageToken", "excludeNonAppCreatedData"}, do: g.albumList}),
		g.route(call{name: "albums.get", pattern: "GET /v1/albums/{id}", scopes: read, do: g.albumGet}),
		g.route(call{name: "albums.patch", pattern: "PATCH /v1/albums/{id}", scopes: edit, write: true, query: []string{"updateMask"}, do: g.albumPatch}),
		{Role: route.Photos, Pattern: "POST /v1/albums/{id}", Pick: g.pickAlbumMethod, Picks: []string{"albums.add", "albums.remove"}},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums/", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums:join", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums:leave", Handler: refuseSharing},
	}
}

// pickAlbumMethod tells apart the methods that a POST to an album names after a
// colon, within the last segment of the path.
func (g *Google) pickAlbumMethod(r *http.Request) route.Route {
	id, method, _ := strings.Cut(r.PathValue("id"), ":")
	switch method {
	case "batchAddMediaItems":
		return g.route(call{name: "albums.add", scopes: []string{scopeAppend, scopeEdit}, write: true, do: g.albumChange(id, g.albumAdd)})
	case "batchRemoveMediaItems":
		return g.route(call{name: "albums.remove", scopes: []string{scopeAppend, scopeEdit}, write: true, do: g.albumChange(id, g.albumRemove)})
	case "share", "unshare":
		return route.Route{Name: "photos.share", Role: route.Photos, Handler: refuseSharing}
	}
	return route.Route{Role: route.Photos, Handler: noSuchMethod}
}

// refuseSharing answers the methods that no application may use any more.
func refuseSharing(w http.ResponseWriter, r *http.Request) { answerError(w, r, errScope()) }

func noSuchMethod(w http.ResponseWriter, _ *http.Request) {
	writePage(w, http.StatusNotFound, "The requested URL was not found on this server.")
}

func (g *Google) albumCreate(c caller, r *http.Request) (any, error) {
	var req struct {
		Album *struct {
			Title string `json:"title"`
		} `json:"album"`
	}
	if err := decodeBody(r, &req); err != nil {
		return nil, err
	}
	if req.Album == nil {
		return nil, invalidf("Request must contain an album.")
	}
	if err := checkTitle(req.Album.Title); err != nil {
		return nil, err
	}
	a := g.library.createAlbum(c, req.Album.Title, g.now())
	g.library.mu.Lock()
	defer g.library.mu.Unlock()
	return g.wireAlbum(c, a), nil
}

func checkTitle(title string) error {
	switch {
	case title == "":
		return invalidf("Request must contain an album title.")
	case utf8.RuneCountInString(title) > maxTitle:
		return invalidf("Album title must not have more than 500 characters.")
	}
	return nil
}

func (g *Google) albumGet(c caller, r *http.Request) (any, error) {
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.findAlbum(c, r.PathValue("id"))
	if a == nil {
		return nil, failure(http.StatusNotFound)
	}
	return g.wireAlbum(c, a), nil
}

func (g *Google) albumList(c caller, r *http.Request) (any, error) {
	q, err := pageQueryOf(r, 20, 50, "albums "+c.user+" "+c.project)
	if err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	var albums []*album
	for _, a := range l.account(c.user).albums {
		if a.project == c.project && g.now().Sub(a.made) >= g.opts.AlbumListDelay {
			albums = append([]*album{a}, albums...)
		}
	}
	rows, next, err := turn(g, albums, q)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Albums        []wireAlbum `json:"albums,omitempty"`
		NextPageToken string      `json:"nextPageToken,omitempty"`
	}
	for _, a := range rows {
		answer.Albums = append(answer.Albums, g.wireAlbum(c, a))
	}
	answer.NextPageToken = next
	return answer, nil
}

func (g *Google) albumPatch(c caller, r *http.Request) (any, error) {
	var req struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		CoverID string `json:"coverPhotoMediaItemId"`
	}
	if err := decodeBody(r, &req); err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.findAlbum(c, r.PathValue("id"))
	if a == nil {
		return nil, failure(http.StatusNotFound)
	}
	for mask := range strings.SplitSeq(r.URL.Query().Get("updateMask"), ",") {
		if err := a.patch(mask, req.Title, req.CoverID); err != nil {
			return nil, err
		}
	}
	return g.wireAlbum(c, a), nil
}

func (a *album) patch(mask, title, cover string) error {
	switch strings.TrimSpace(mask) {
	case "title":
		if err := checkTitle(title); err != nil {
			return err
		}
		a.title = title
		return nil
	case "coverPhotoMediaItemId", "cover_photo_media_item_id":
		i := a.index(cover)
		if i < 0 {
			return invalidf("Request contains an invalid media item id.")
		}
		a.cover = a.items[i]
		return nil
	}
	return invalidf("Invalid value at 'update_mask' (type.googleapis.com/google.protobuf.FieldMask), %q", mask)
}

// albumChange is a change of an album's items: the album and all items are
// checked first, so that it happens as a whole or not at all.
func (g *Google) albumChange(id string, change func(*album, []*item) error) func(caller, *http.Request) (any, error) {
	return func(c caller, r *http.Request) (any, error) {
		var req struct {
			IDs []string `json:"mediaItemIds"`
		}
		if err := decodeBody(r, &req); err != nil {
			return nil, err
		}
		l := g.library
		l.mu.Lock()
		defer l.mu.Unlock()
		items, err := l.resolve(c, req.IDs)
		if err != nil {
			return nil, err
		}
		a := l.albums[id]
		switch {
		case a == nil || a.user != c.user:
			return nil, failure(http.StatusNotFound)
		case a.project != c.project:
			return nil, invalidf("No permission to add media items to this album.")
		}
		return struct{}{}, change(a, items)
	}
}

// resolve finds the items of a list of ids.
func (l *library) resolve(c caller, ids []string) ([]*item, error) {
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	items := make([]*item, len(ids))
	for i, id := range ids {
		if items[i] = l.find(c, id); items[i] == nil {
			return nil, invalidf("Request contains an invalid media item id.")
		}
	}
	return items, nil
}

func checkIDs(ids []string) error {
	switch {
	case len(ids) == 0:
		return invalidf("Request must contain at least one media item id.")
	case len(ids) > maxBatch:
		return invalidf("Request must have less than 50 items.")
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			return invalidf("Request must not contain duplicated ids")
		}
		seen[id] = true
	}
	return nil
}

func (g *Google) albumAdd(a *album, items []*item) error {
	if len(a.items)+len(items) > g.opts.AlbumCapacity {
		return invalidf("Album can not contain more than %d media items.", g.opts.AlbumCapacity)
	}
	for _, it := range items {
		a.insert(len(a.items), it)
	}
	return nil
}

func (g *Google) albumRemove(a *album, items []*item) error {
	for _, it := range items {
		if a.index(it.id) < 0 {
			return invalidf("Request contains an invalid media item id.")
		}
	}
	for _, it := range items {
		a.remove(it)
	}
	return nil
}
