package gopro

import (
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// fromRow returns the only item of a medium without asking for its manifest: of
// one that q2google carried under the name that the row gives it, if the row
// tells that it has one file and it is certain that the file was its original. It
// returns nil if the manifest has to tell.
//
// Chapters, frames and RAW files, which q2google loses, show in the row. So a
// medium that has any is resolved, and so is an edit, a 360 video or one without a
// name. Which of the renditions of a video q2google took depends on their heights,
// which the row does not tell: the address that it was downloaded from does, or a
// row that names no rendition.
func (s *Source) fromRow(row Row, o station.ListOptions) []media.Item {
	if o.Carried == nil || !isSingle(row) || s.height > 0 && plainKindOf(row.Type) == media.Video {
		return nil
	}
	name := legacyName(row.Filename, 0)
	address, ok := o.Carried(name)
	if !ok || !tookOriginal(row, address) {
		return nil
	}
	assets := expected(row)
	assets[0].LegacyName = name
	return s.marked(row, itemsOf(row, assets))
}

// isSingle reports whether a row tells that its medium is ready and has one file,
// a photo in JPEG or a video in MP4.
func isSingle(row Row) bool {
	want := ".jpg"
	switch plainKindOf(row.Type) {
	case "":
		return false
	case media.Video:
		want = ".mp4"
	}
	return row.ItemCount == 1 && row.State == "ready" &&
		strings.EqualFold(path.Ext(row.Filename), want) && strings.EqualFold("."+row.Extension, want) &&
		slices.Contains(row.Labels, labelSource) &&
		!slices.Contains(row.Labels, labelRaw) && !slices.Contains(row.Labels, labelBaked)
}

// tookOriginal reports whether it is certain that q2google downloaded the only
// original of a medium from an address, which may say nothing.
func tookOriginal(row Row, address string) bool {
	e := Entry{URL: address, Label: labelSource}
	switch {
	case e.layoutPart() > 0:
		return e.layoutPart() == 1
	case e.addressPart() > 0:
		return false // of another rendition
	}
	return plainKindOf(row.Type) == media.Photo || !slices.ContainsFunc(row.Labels, mayBePicked)
}

// mayBePicked reports whether a label may be of a rendition of a video that is as
// tall as its original, so that q2google may take it for the video.
func mayBePicked(label string) bool {
	return !slices.Contains([]string{labelSource, "large", "mp4_low", "audio_proxy", "master_playlist", "sprite", "gpmf", "gpx", "mediainfo"}, label)
}
