package gphotos

import (
	"context"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// List streams the items that the app created and whose capture time lies in
// the window, newest first. Sizes are not known. The sequence ends with an
// error, once, if the listing fails.
func (d *Destination) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for m, err := range d.c.within(ctx, w) {
			if err != nil {
				yield(media.Item{}, err)
				return
			}
			item := m.item()
			if !w.Contains(item.CapturedAt) {
				continue
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// within lists at least the items of a window. The service selects by day, in
// the time zone of each item, so the days around the window are included.
func (c *Client) within(ctx context.Context, w media.Window) iter.Seq2[MediaItem, error] {
	if w.IsZero() {
		return c.List(ctx)
	}
	first, last := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	if !w.Start.IsZero() {
		first = w.Start.AddDate(0, 0, -1)
	}
	if !w.End.IsZero() {
		last = w.End.AddDate(0, 0, 1)
	}
	return c.Search(ctx, Query{First: first, Last: last})
}

// item describes a media item in Gondola's words.
func (m MediaItem) item() media.Item {
	it := media.Item{
		ID:   media.ID{Station: Scheme, Medium: m.ID, Part: 1, Label: "original"},
		Name: media.SafeName(m.Filename),
		Size: media.SizeUnknown,
		MIME: m.MIMEType,
		Kind: media.KindOf(m.MIMEType),
	}
	md := m.Metadata
	if md == nil {
		return it
	}
	it.CapturedAt, it.Width, it.Height = md.CreationTime.UTC(), int(md.Width), int(md.Height)
	switch {
	case md.Video != nil:
		it.Kind, it.Type, it.Camera = media.Video, "video", md.Video.CameraModel
	case md.Photo != nil:
		it.Kind, it.Type, it.Camera = media.Photo, "photo", md.Photo.CameraModel
	}
	return it
}
