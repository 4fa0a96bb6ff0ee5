package folder

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// documentFormat is the version of the format of JSON sidecars.
const documentFormat = 1

// document is the content of a JSON sidecar.
type document struct {
	Gondola     int             `json:"gondola"` // documentFormat
	Key         string          `json:"key"`     // of the item, as in the manifest
	Station     string          `json:"station"`
	Origin      string          `json:"origin,omitempty"`
	Medium      string          `json:"medium"`
	Part        int             `json:"part,omitempty"`
	Label       string          `json:"label,omitempty"`
	Name        string          `json:"name"` // at the source
	Dir         string          `json:"dir,omitempty"`
	Type        string          `json:"type,omitempty"` // the source's own word
	MIME        string          `json:"mime,omitempty"`
	Width       int             `json:"width,omitempty"`
	Height      int             `json:"height,omitempty"`
	Captured    time.Time       `json:"captured,omitzero"` // UTC
	Zone        string          `json:"zone,omitempty"`    // that came with the capture time
	Created     time.Time       `json:"created,omitzero"`  // when the source stored it, UTC
	Maker       string          `json:"maker,omitempty"`
	Camera      string          `json:"camera,omitempty"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Place       *documentPlace  `json:"place,omitempty"`
	Albums      []media.Album   `json:"albums,omitempty"` // titles, or objects with id and title
	Record      json.RawMessage `json:"record,omitempty"` // the source's own
}

// documentPlace is a position: degrees, and metres above the sea.
type documentPlace struct {
	Latitude  float64  `json:"latitude"`
	Longitude float64  `json:"longitude"`
	Altitude  *float64 `json:"altitude,omitempty"`
}

// jsonSidecar returns the content of a JSON sidecar.
func jsonSidecar(e *Entry, n *station.Note) ([]byte, error) {
	it, d := &n.Item, &n.Description
	doc := document{
		Gondola: documentFormat, Key: e.Key, Station: e.Station, Origin: e.Origin,
		Medium: it.ID.Medium, Part: it.ID.Part, Label: it.ID.Label, Name: e.Name, Dir: it.Dir,
		Type: it.Type, MIME: it.MIME, Width: it.Width, Height: it.Height,
		Captured: it.CapturedAt.UTC(), Zone: it.CapturedZone, Created: it.CreatedAt.UTC(),
		Maker: d.Maker, Camera: it.Camera, Title: d.Title, Description: d.Text, Albums: it.Albums, Record: record(d.Record),
	}
	if p := d.Place; p != nil {
		doc.Place = &documentPlace{p.Latitude, p.Longitude, p.Altitude}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(doc)
	return out.Bytes(), err
}

// record returns the source's own record, or nil for one that is too long or no JSON.
func record(raw json.RawMessage) json.RawMessage {
	if len(raw) > station.MostRecord || !json.Valid(raw) {
		return nil
	}
	return raw
}
