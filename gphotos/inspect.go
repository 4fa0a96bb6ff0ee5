package gphotos

import (
	"context"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Inspect returns, in one request, what the account holds under each of at most
// MaxBatch different ids, in order: nil where there is nothing.
func (d *Destination) Inspect(ctx context.Context, ids []string) ([]*station.RemoteItem, error) {
	items, err := d.c.BatchGet(ctx, ids)
	if err != nil {
		return nil, err
	}
	held := make([]*station.RemoteItem, len(ids))
	for i, item := range items {
		if item != nil {
			held[i] = item.held()
		}
	}
	return held, nil
}

func (m *MediaItem) held() *station.RemoteItem {
	h := &station.RemoteItem{Name: m.Filename, MIME: m.MIMEType, Kind: media.KindOf(m.MIMEType), Readiness: station.Ready}
	var video *VideoMetadata
	if m.Metadata != nil {
		h.Width, h.Height = int(m.Metadata.Width), int(m.Metadata.Height)
		video = m.Metadata.Video
	}
	if video != nil {
		h.Kind = media.Video
	}
	if h.Kind == media.Video {
		h.Readiness = video.readiness()
	}
	return h
}

// readiness takes a video for finished only if the service says so.
func (v *VideoMetadata) readiness() station.Readiness {
	switch {
	case v == nil:
		return station.Processing
	case v.Status == "READY":
		return station.Ready
	case v.Status == "FAILED":
		return station.Unusable
	}
	return station.Processing
}
