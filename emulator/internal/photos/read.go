package photos

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// WireItem is an item as it is sent.
type WireItem struct {
	ID            string        `json:"id"`
	Description   string        `json:"description,omitempty"`
	ProductURL    string        `json:"productUrl"`
	BaseURL       string        `json:"baseUrl,omitempty"`
	MIMEType      string        `json:"mimeType"`
	MediaMetadata *wireMetadata `json:"mediaMetadata,omitempty"`
	Filename      string        `json:"filename,omitempty"`
}

type wireMetadata struct {
	CreationTime string     `json:"creationTime"`
	Width        int        `json:"width,omitempty,string"`
	Height       int        `json:"height,omitempty,string"`
	Photo        *wirePhoto `json:"photo,omitempty"`
	Video        *wireVideo `json:"video,omitempty"`
}

type wirePhoto struct {
	CameraMake   string  `json:"cameraMake,omitempty"`
	CameraModel  string  `json:"cameraModel,omitempty"`
	FocalLength  float64 `json:"focalLength,omitempty"`
	Aperture     float64 `json:"apertureFNumber,omitempty"`
	ISO          int     `json:"isoEquivalent,omitempty"`
	ExposureTime string  `json:"exposureTime,omitempty"`
}

type wireVideo struct {
	CameraMake  string  `json:"cameraMake,omitempty"`
	CameraModel string  `json:"cameraModel,omitempty"`
	FPS         float64 `json:"fps,omitempty"`
	Status      string  `json:"status"`
}

// wire renders an item as batchCreate does, without a base URL.
func (l *library) wire(it *item, now time.Time) WireItem {
	m := it.media
	meta := &wireMetadata{CreationTime: m.taken.UTC().Format(time.RFC3339), Width: m.width, Height: m.height}
	if m.video {
		meta.Video = &wireVideo{CameraMake: m.make, CameraModel: m.model, FPS: m.fps, Status: l.status(it, now)}
	} else {
		meta.Photo = &wirePhoto{CameraMake: m.make, CameraModel: m.model, FocalLength: m.focal, Aperture: m.aperture, ISO: m.iso}
		if m.exposure > 0 {
			meta.Photo.ExposureTime = fmt.Sprintf("%gs", m.exposure)
		}
	}
	return WireItem{
		ID: it.id, Description: it.description, ProductURL: "https://photos.google.com/lr/photo/" + it.id,
		MIMEType: m.mime, MediaMetadata: meta, Filename: it.filename,
	}
}

func (g *Service) wireItem(c google.Caller, it *item) *WireItem {
	w := g.library.wire(it, g.now())
	w.BaseURL = g.baseURL(c, it)
	return &w
}

func (g *Service) photosRoutes() []route.Route {
	read, appends, edit := []string{google.ScopeRead}, []string{google.ScopeAppend}, []string{google.ScopeEdit}
	return []route.Route{
		g.frontend.Route(google.Call{Name: "photos.batchCreate", Pattern: "POST /v1/mediaItems:batchCreate", Scopes: appends, Write: true, Do: g.batchCreate}),
		g.frontend.Route(google.Call{Name: "photos.get", Pattern: "GET /v1/mediaItems/{id}", Scopes: read, Do: g.itemGet}),
		g.frontend.Route(google.Call{Name: "photos.batchGet", Pattern: "GET /v1/mediaItems:batchGet", Scopes: read, Query: []string{"mediaItemIds"}, Do: g.batchGet}),
		g.frontend.Route(google.Call{Name: "photos.list", Pattern: "GET /v1/mediaItems", Scopes: read, Query: []string{"pageSize", "pageToken"}, Do: g.itemList}),
		g.frontend.Route(google.Call{Name: "photos.search", Pattern: "POST /v1/mediaItems:search", Scopes: read, Do: g.search}),
		g.frontend.Route(google.Call{Name: "photos.patch", Pattern: "PATCH /v1/mediaItems/{id}", Scopes: edit, Write: true, Query: []string{"updateMask"}, Do: g.itemPatch}),
		{Role: route.Photos, Pattern: "/", Handler: noSuchMethod},
	}
}

var itemID = regexp.MustCompile(`^[A-Za-z0-9_-]{55,}$`)

func (g *Service) itemGet(c google.Caller, r *http.Request) (any, error) {
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	it, err := l.get(c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return g.wireItem(c, it), nil
}

func (l *library) get(c google.Caller, id string) (*item, error) {
	if !itemID.MatchString(id) {
		return nil, google.Invalidf("Invalid media item ID.")
	}
	it := l.find(c, id)
	if it == nil {
		return nil, google.Fail(http.StatusNotFound)
	}
	return it, nil
}

func (g *Service) batchGet(c google.Caller, r *http.Request) (any, error) {
	ids := r.URL.Query()["mediaItemIds"]
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	type result struct {
		MediaItem *WireItem          `json:"mediaItem,omitempty"`
		Status    *google.WireStatus `json:"status,omitempty"`
	}
	var answer struct {
		Results []result `json:"mediaItemResults"`
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if it := l.find(c, id); it != nil {
			answer.Results = append(answer.Results, result{MediaItem: g.wireItem(c, it)})
			continue
		}
		answer.Results = append(answer.Results, result{Status: &google.WireStatus{Code: codeInvalidArgument, Message: "Invalid media item ID."}})
	}
	if f := fault.Of(r, fault.ItemCode); f != nil && f.Item < len(ids) {
		answer.Results[f.Item] = result{Status: new(itemStatus(f.Status))}
	}
	answer.Results = fault.Disturb(answer.Results, fault.Of(r, fault.ShortPage, fault.Reorder))
	return answer, nil
}

// ItemPage is one page of a list of items.
type ItemPage struct {
	MediaItems    []*WireItem `json:"mediaItems,omitempty"`
	NextPageToken string      `json:"nextPageToken,omitempty"`
}

func (g *Service) itemList(c google.Caller, r *http.Request) (any, error) {
	q, err := pageQueryOf(r, 25, 100, "items "+c.User+" "+c.Project)
	if err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	return g.itemPage(c, l.listed(c, g.now()), q)
}

// itemPage renders one page of items. The library's mutex is held.
func (g *Service) itemPage(c google.Caller, items []*item, q pageQuery) (any, error) {
	rows, next, err := turn(g, items, q)
	if err != nil {
		return nil, err
	}
	answer := ItemPage{NextPageToken: next}
	for _, it := range rows {
		answer.MediaItems = append(answer.MediaItems, g.wireItem(c, it))
	}
	return answer, nil
}

func (g *Service) itemPatch(c google.Caller, r *http.Request) (any, error) {
	var req struct {
		ID          string `json:"id"`
		Description string `json:"description"`
	}
	if err := google.DecodeBody(r, &req); err != nil {
		return nil, err
	}
	switch mask := strings.TrimSpace(r.URL.Query().Get("updateMask")); {
	case mask != "description":
		return nil, google.Invalidf("Invalid value at 'update_mask' (type.googleapis.com/google.protobuf.FieldMask), %q", mask)
	case utf8.RuneCountInString(req.Description) > maxDescription:
		return nil, google.Invalidf("Description must not have more than 1000 characters.")
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	it, err := l.get(c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	it.description = req.Description
	return g.wireItem(c, it), nil
}
