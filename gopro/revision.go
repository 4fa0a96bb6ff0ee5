package gopro

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// choice numbers the rules by which media become items. With a new number, all
// media that are known are resolved once more.
const choice = 2

// revision marks the state that a row describes: while it is the same, the manifest
// is taken to list the same.
func (s *Source) revision(row Row) string {
	labels := slices.Sorted(slices.Values(row.Labels))
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %q %q %q %q %q %d %d %d %d %d %q",
		choice, s.height, row.Type, row.Filename, row.Extension, row.State, row.Title, row.FileSize, row.ItemCount,
		row.CreatedAt.UnixMicro(), row.UpdatedAt.UnixMicro(), row.Reprocessed.UnixMicro(), labels))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// marked gives the items of a medium the mark of the state they were found in, if
// that settles what they are.
func (s *Source) marked(row Row, items []media.Item) []media.Item {
	if !settles(row, items) {
		return items
	}
	revision := s.revision(row)
	for i := range items {
		items[i].Revision, items[i].Of = revision, len(items)
	}
	return items
}

// settles reports whether the row says which files its medium has: not of files
// that are known by their objects only, nor of a set whose record does not count
// its files. The next manifest of such a medium may list others.
func settles(row Row, items []media.Item) bool {
	uploads := 0
	for _, item := range items {
		if item.Object != "" {
			return false
		}
		if item.ID.Label == labelSource {
			uploads++
		}
	}
	return uploads <= 1 && !isSet(row.Type) || uploads == partCount(row)
}

// isSet reports whether media of a type consist of several photos.
func isSet(kind string) bool {
	return slices.Contains([]string{"Burst", "Continuous", "TimeLapse", "NightLapse"}, kind)
}

// leavesOut reports whether a medium need not be listed.
func (s *Source) leavesOut(row Row, o station.ListOptions, albums *memberships) bool {
	if kind := plainKindOf(row.Type); kind != "" && o.Wants != nil && !o.Wants(kind, row.Type) {
		return true
	}
	return o.Known != nil && o.Known(row.ID, albums.revision(row.ID, s.revision(row)))
}

// plainKindOf returns the kind of all files that media of a type have, or "" if
// they may have files of both.
func plainKindOf(typ string) media.Kind {
	switch typ {
	case "Photo":
		return media.Photo
	case "Video", "TimeLapseVideo", "LoopedVideo", "Looped", "Chaptered":
		return media.Video
	}
	return ""
}
