package gopro

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// This file knows how gopro-api, a library that other programs list media with,
// names their files: by these names such programs left them in sessions.

// fromRow returns the only item of a medium without asking for its manifest: of
// one that another program carried under the name that the row gives it, if the row
// says that it has one file and it is certain that the file was its original. It
// returns nil if the manifest has to be read.
//
// Chapters, frames and RAW files, which gopro-api loses, show in the row. So a
// medium that has any is resolved, and so is an edit, a 360 video or one without a
// name. Which of the renditions of a video it took depends on their heights, which the row does not tell: the address that it was downloaded from does, or a
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

// isSingle reports whether a row says that its medium is ready and has one file,
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

// tookOriginal reports whether it is certain that the other program downloaded the
// only original of a medium from an address, which may say nothing.
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
// tall as its original, so that gopro-api may take it for the video.
func mayBePicked(label string) bool {
	return !slices.Contains([]string{labelSource, "large", "mp4_low", "audio_proxy", "master_playlist", "sprite", "gpmf", "gpx", "mediainfo"}, label)
}

// withLegacyNames gives the assets that gopro-api lists too its names for them: of
// a medium whose name ends in .mp4 the one variation it picks, of
// others every file that it lists. An asset is the same as an entry if it is the
// same object, or, for photos, the same part.
func withLegacyNames(assets []Asset, m Manifest, height int, photo bool) []Asset {
	picks, byPart := m.Files, photo
	if strings.EqualFold(path.Ext(m.Filename), ".mp4") {
		picks, byPart = legacyPick(m.Variations, height), false
	}
	objects, numbers := make(map[string]int), make(map[int]int)
	for i, a := range assets {
		if a.URL != "" {
			objects[a.object()] = i
		}
		if a.Label == labelSource && byPart && !a.marked {
			numbers[a.Part] = i
		}
	}
	for i, e := range picks {
		at, ok := objects[e.object()]
		if !ok {
			at, ok = numbers[cmp.Or(e.Part, e.addressPart())]
		}
		if ok && assets[at].LegacyName == "" {
			assets[at].LegacyName = legacyName(m.Filename, i)
		}
	}
	return assets
}

// legacyPick is the variation that gopro-api takes: the one nearest to a height,
// or else the tallest, and the first of equals.
func legacyPick(variations []Entry, height int) []Entry {
	if len(variations) == 0 {
		return nil
	}
	best := variations[0]
	for _, e := range variations[1:] {
		if height > 0 && nearer(e, best, height) || height == 0 && e.Height > best.Height {
			best = e
		}
	}
	return []Entry{best}
}

// legacyName is how gopro-api names the asset of this
// index of a medium: the number goes before the last dot.
func legacyName(filename string, index int) string {
	i := strings.LastIndexByte(filename, '.')
	if i < 0 {
		return fmt.Sprintf("%03d.%s", index, filename)
	}
	return fmt.Sprintf("%s%03d%s", filename[:i], index, filename[i:])
}
