package gphotos

import (
	"context"

	"github.com/gondola-sync/gondola/media"
)

// Inspect tells in one request of at most MaxBatch ids, which must differ, what
// the account holds under each, in order: nil where there is nothing.
func (d *Destination) Inspect(ctx context.Context, ids []string) ([]*media.Held, error) {
	items, err := d.c.BatchGet(ctx, ids)
	if err != nil {
		return nil, err
	}
	held := make([]*media.Held, len(ids))
	for i, item := range items {
		if item != nil {
			held[i] = item.held()
		}
	}
	return held, nil
}

func (m *MediaItem) held() *media.Held {
	h := &media.Held{Name: m.Filename, MIME: m.MIMEType, Kind: media.KindOf(m.MIMEType), Readiness: media.Ready}
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
func (v *VideoMetadata) readiness() media.Readiness {
	switch {
	case v == nil:
		return media.Processing
	case v.Status == "READY":
		return media.Ready
	case v.Status == "FAILED":
		return media.Unusable
	}
	return media.Processing
}
