package photos

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

const maxTitle = 500 // characters

// WireAlbum is an album as it is sent.
type WireAlbum struct {
	ID              string `json:"id"`
	Title           string `json:"title,omitempty"`
	ProductURL      string `json:"productUrl,omitempty"`
	IsWriteable     bool   `json:"isWriteable,omitempty"`
	MediaItemsCount int    `json:"mediaItemsCount,omitempty,string"`
	CoverBaseURL    string `json:"coverPhotoBaseUrl,omitempty"`
	CoverID         string `json:"coverPhotoMediaItemId,omitempty"`
}

func (g *Service) wireAlbum(c google.Caller, a *album) WireAlbum {
	w := WireAlbum{
		ID: a.id, Title: a.title, ProductURL: "https://photos.google.com/lr/album/" + a.id,
		IsWriteable: c.May(google.ScopeAppend), MediaItemsCount: len(a.items),
	}
	if cover := a.coverItem(); cover != nil {
		w.CoverID = cover.id
		w.CoverBaseURL = g.baseURL(c, cover)
	}
	return w
}

func (g *Service) albumRoutes() []route.Route {
	read, appends, edit := []string{google.ScopeRead}, []string{google.ScopeAppend}, []string{google.ScopeEdit}
	return []route.Route{
		g.frontend.Route(google.Call{Name: "albums.create", Pattern: "POST /v1/albums", Scopes: appends, Write: true, Do: g.albumCreate}),
		g.frontend.Route(google.Call{Name: "albums.list", Pattern: "GET /v1/albums", Scopes: read, Query: []string{"pageSize", "pageToken", "excludeNonAppCreatedData"}, Do: g.albumList}),
		g.frontend.Route(google.Call{Name: "albums.get", Pattern: "GET /v1/albums/{id}", Scopes: read, Do: g.albumGet}),
		g.frontend.Route(google.Call{Name: "albums.patch", Pattern: "PATCH /v1/albums/{id}", Scopes: edit, Write: true, Query: []string{"updateMask"}, Do: g.albumPatch}),
		{Role: route.Photos, Pattern: "POST /v1/albums/{id}", Pick: g.pickAlbumMethod, Picks: []string{"albums.add", "albums.remove"}},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums/", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums:join", Handler: refuseSharing},
		{Name: "photos.share", Role: route.Photos, Pattern: "/v1/sharedAlbums:leave", Handler: refuseSharing},
	}
}

// pickAlbumMethod distinguishes the methods that a POST to an album names after a
// colon, within the last segment of the path.
func (g *Service) pickAlbumMethod(r *http.Request) route.Route {
	id, method, _ := strings.Cut(r.PathValue("id"), ":")
	switch method {
	case "batchAddMediaItems":
		return g.frontend.Route(google.Call{Name: "albums.add", Scopes: []string{google.ScopeAppend, google.ScopeEdit}, Write: true, Do: g.albumChange(id, g.albumAdd)})
	case "batchRemoveMediaItems":
		return g.frontend.Route(google.Call{Name: "albums.remove", Scopes: []string{google.ScopeAppend, google.ScopeEdit}, Write: true, Do: g.albumChange(id, g.albumRemove)})
	case "share", "unshare":
		return route.Route{Name: "photos.share", Role: route.Photos, Handler: refuseSharing}
	}
	return route.Route{Role: route.Photos, Handler: noSuchMethod}
}

// refuseSharing answers the methods that no application may use any more.
func refuseSharing(w http.ResponseWriter, r *http.Request) {
	google.AnswerError(w, r, google.ErrScope())
}

func noSuchMethod(w http.ResponseWriter, _ *http.Request) {
	google.WritePage(w, http.StatusNotFound, "The requested URL was not found on this server.")
}

func (g *Service) albumCreate(c google.Caller, r *http.Request) (any, error) {
	var req struct {
		Album *struct {
			Title string `json:"title"`
		} `json:"album"`
	}
	if err := google.DecodeBody(r, &req); err != nil {
		return nil, err
	}
	if req.Album == nil {
		return nil, google.Invalidf("Request must contain an album.")
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
		return google.Invalidf("Request must contain an album title.")
	case utf8.RuneCountInString(title) > maxTitle:
		return google.Invalidf("Album title must not have more than 500 characters.")
	}
	return nil
}

func (g *Service) albumGet(c google.Caller, r *http.Request) (any, error) {
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.findAlbum(c, r.PathValue("id"))
	if a == nil {
		return nil, google.Fail(http.StatusNotFound)
	}
	return g.wireAlbum(c, a), nil
}

func (g *Service) albumList(c google.Caller, r *http.Request) (any, error) {
	q, err := pageQueryOf(r, 20, 50, "albums "+c.User+" "+c.Project)
	if err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	var albums []*album
	for _, a := range l.account(c.User).albums {
		if a.project == c.Project && g.now().Sub(a.made) >= g.opts.AlbumListDelay {
			albums = append([]*album{a}, albums...)
		}
	}
	rows, next, err := turn(g, albums, q)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Albums        []WireAlbum `json:"albums,omitempty"`
		NextPageToken string      `json:"nextPageToken,omitempty"`
	}
	for _, a := range rows {
		answer.Albums = append(answer.Albums, g.wireAlbum(c, a))
	}
	answer.NextPageToken = next
	return answer, nil
}

func (g *Service) albumPatch(c google.Caller, r *http.Request) (any, error) {
	var req struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		CoverID string `json:"coverPhotoMediaItemId"`
	}
	if err := google.DecodeBody(r, &req); err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.findAlbum(c, r.PathValue("id"))
	if a == nil {
		return nil, google.Fail(http.StatusNotFound)
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
			return google.Invalidf("Request contains an invalid media item id.")
		}
		a.cover = a.items[i]
		return nil
	}
	return google.Invalidf("Invalid value at 'update_mask' (type.googleapis.com/google.protobuf.FieldMask), %q", mask)
}

// albumChange is a change of an album's items: the album and all items are
// checked first, so that it happens as a whole or not at all.
func (g *Service) albumChange(id string, change func(*album, []*item) error) func(google.Caller, *http.Request) (any, error) {
	return func(c google.Caller, r *http.Request) (any, error) {
		var req struct {
			IDs []string `json:"mediaItemIds"`
		}
		if err := google.DecodeBody(r, &req); err != nil {
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
		case a == nil || a.user != c.User:
			return nil, google.Fail(http.StatusNotFound)
		case a.project != c.Project:
			return nil, google.Invalidf("No permission to add media items to this album.")
		}
		return struct{}{}, change(a, items)
	}
}

// resolve finds the items of a list of ids.
func (l *library) resolve(c google.Caller, ids []string) ([]*item, error) {
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	items := make([]*item, len(ids))
	for i, id := range ids {
		if items[i] = l.find(c, id); items[i] == nil {
			return nil, google.Invalidf("Request contains an invalid media item id.")
		}
	}
	return items, nil
}

func checkIDs(ids []string) error {
	switch {
	case len(ids) == 0:
		return google.Invalidf("Request must contain at least one media item id.")
	case len(ids) > maxBatch:
		return google.Invalidf("Request must have less than 50 items.")
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			return google.Invalidf("Request must not contain duplicated ids")
		}
		seen[id] = true
	}
	return nil
}

func (g *Service) albumAdd(a *album, items []*item) error {
	if len(a.items)+len(items) > g.opts.AlbumCapacity {
		return google.Invalidf("Album can not contain more than %d media items.", g.opts.AlbumCapacity)
	}
	for _, it := range items {
		a.insert(len(a.items), it)
	}
	return nil
}

func (g *Service) albumRemove(a *album, items []*item) error {
	for _, it := range items {
		if a.index(it.id) < 0 {
			return google.Invalidf("Request contains an invalid media item id.")
		}
	}
	for _, it := range items {
		a.remove(it)
	}
	return nil
}
