package gphotos

import (
	"encoding/json"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// MediaItem is a photo or video in the library. Any field may be missing.
type MediaItem struct {
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	ProductURL  string    `json:"productUrl,omitempty"` // for users of the account
	BaseURL     string    `json:"baseUrl,omitempty"`    // a credential, valid for an hour
	MIMEType    string    `json:"mimeType,omitempty"`
	Filename    string    `json:"filename,omitempty"`
	Metadata    *Metadata `json:"mediaMetadata,omitempty"`
}

// Metadata is what the service read from the file.
type Metadata struct {
	CreationTime time.Time      `json:"creationTime,omitzero"`
	Width        int64          `json:"width,string,omitempty"`  // pixels
	Height       int64          `json:"height,string,omitempty"` // pixels
	Photo        *PhotoMetadata `json:"photo,omitempty"`
	Video        *VideoMetadata `json:"video,omitempty"`
}

// PhotoMetadata describes a photo.
type PhotoMetadata struct {
	CameraMake  string `json:"cameraMake,omitempty"`
	CameraModel string `json:"cameraModel,omitempty"`
}

// VideoMetadata describes a video. Status is PROCESSING, READY or FAILED.
type VideoMetadata struct {
	CameraMake  string  `json:"cameraMake,omitempty"`
	CameraModel string  `json:"cameraModel,omitempty"`
	FPS         float64 `json:"fps,omitempty"`
	Status      string  `json:"status,omitempty"`
}

// Album is an album that the app created.
type Album struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	ProductURL  string `json:"productUrl,omitempty"`
	IsWriteable bool   `json:"isWriteable,omitempty"`
	ItemsCount  int64  `json:"mediaItemsCount,string,omitempty"`
}

// NewItem is uploaded bytes to be created as a media item.
type NewItem struct {
	Token       string // upload token; a credential
	FileName    string // at most 255 characters; "" for the service's choice
	Description string // at most 1000 characters; the service asks for text that users wrote
}

// ItemResult is the outcome of one NewItem. The item exists if and only if Item
// is not nil and Code is 0.
type ItemResult struct {
	Code    int // gRPC code
	Message string
	Item    *MediaItem
}

// Creation is the answer to a BatchCreate.
type Creation struct {
	Results []ItemResult // one per item, in order
	// Unsure is set when an earlier attempt of the same call got no answer and
	// may have spent the tokens.
	Unsure bool
	// Response is the service's answer as a JSON document. It contains the
	// upload tokens.
	Response string
}

// rpcStatus is a status within an answer. A missing code means 0.
type rpcStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type createRequest struct {
	AlbumID  string          `json:"albumId,omitempty"`
	NewItems []createNewItem `json:"newMediaItems"`
}

type createNewItem struct {
	Description string           `json:"description,omitempty"`
	Simple      createSimpleItem `json:"simpleMediaItem"`
}

type createSimpleItem struct {
	Token    string `json:"uploadToken"`
	FileName string `json:"fileName,omitempty"`
}

type createResponse struct {
	Results []createResult `json:"newMediaItemResults"`
}

type createResult struct {
	Token  string     `json:"uploadToken"`
	Status rpcStatus  `json:"status"`
	Item   *MediaItem `json:"mediaItem"`
}

type batchGetResponse struct {
	Results []struct {
		Status rpcStatus  `json:"status"`
		Item   *MediaItem `json:"mediaItem"`
	} `json:"mediaItemResults"`
}

// page is one page of a listing, whatever it lists.
type page struct {
	MediaItems []MediaItem `json:"mediaItems"`
	Albums     []Album     `json:"albums"`
	Next       string      `json:"nextPageToken"`
}

// UnmarshalJSON takes widths and heights that are missing, strings or numbers.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var wire struct {
		CreationTime string         `json:"creationTime"`
		Width        json.Number    `json:"width"`
		Height       json.Number    `json:"height"`
		Photo        *PhotoMetadata `json:"photo"`
		Video        *VideoMetadata `json:"video"`
	}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	created, _ := time.Parse(time.RFC3339, wire.CreationTime)
	m.CreationTime = media.Moment(created)
	m.Width, _ = wire.Width.Int64()
	m.Height, _ = wire.Height.Int64()
	m.Photo, m.Video = wire.Photo, wire.Video
	return nil
}
