package gopro

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/media"
)

// choice numbers the rules by which media become items. With a new number, all
// media that are known are resolved once more.
const choice = 1

// revision marks the state that a row tells of: while it is the same, the manifest
// is taken to list the same.
func (s *Source) revision(row Row) string {
	labels := slices.Sorted(slices.Values(row.Labels))
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %q %q %q %q %q %d %d %d %d %d %q",
		choice, s.height, row.Type, row.Filename, row.Extension, row.State, row.Title, row.FileSize, row.ItemCount,
		row.CreatedAt.UnixMicro(), row.UpdatedAt.UnixMicro(), row.Reprocessed.UnixMicro(), labels))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// marked gives the items of a medium the mark of the state they were found in.
func (s *Source) marked(row Row, items []media.Item) []media.Item {
	revision := s.revision(row)
	for i := range items {
		items[i].Revision, items[i].Of = revision, len(items)
	}
	return items
}

// leavesOut reports whether a medium need not be listed.
func (s *Source) leavesOut(row Row, o media.ListOptions) bool {
	if kind := plainKindOf(row.Type); kind != "" && o.Wants != nil && !o.Wants(kind, row.Type) {
		return true
	}
	return o.Known != nil && o.Known(row.ID, s.revision(row))
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
