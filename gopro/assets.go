package gopro

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// Asset is one file of a medium that is to be carried, or the reason why not.
type Asset struct {
	Entry // URL is "" if Refusal says why

	Kind       string // type in lower case, such as "mp4"; "" if unknown
	Name       string // safe, by the camera's pattern
	LegacyName string // what gopro-api calls it, or ""
	Original   bool   // the file as uploaded, not a lesser rendition
	Refusal    *media.Refusal
}

// maxMissing bounds how many missing parts are named one by one.
const maxMissing = 1000

// Assets returns the files of a medium that are to be carried: its originals,
// all chapters or frames of them, and RAW files beside photos. With a height
// greater than 0, a video is the rendition nearest to it instead, of equally near
// ones the larger, and the original if that is as near as any.
//
// There is always at least one: what cannot be carried comes with a Refusal. A
// part that the medium should have and the manifest does not list comes as
// RefusedIncomplete, so that it is missed by name.
func Assets(row Row, m Manifest, height int) []Asset {
	photo := isPhoto(row.Type, cmp.Or(row.Filename, m.Filename, "."+row.Extension))
	parts := originals(m, photo)
	if height > 0 && !photo {
		if !isReady(row.State) {
			return []Asset{refused(row, m, media.RefusedTranscoding, notReady(row.State))}
		}
		if film := film(row, slices.Concat(parts, renditions(m)), height); len(film) > 0 {
			return withLegacyNames(complete(row, m, film, photo), m, height, photo)
		}
	}
	var lesser []Entry
	if photo && len(labelled(m.Variations, labelSource)) == 0 {
		parts, lesser = bySize(row, parts)
	}
	besides := slices.Concat(raws(m, photo), beside(m, photo), reduced(lesser))
	assets := []Asset{nothing(row, m, parts)}
	switch {
	case slices.ContainsFunc(parts, Entry.usable):
		assets = complete(row, m, parts, photo)
	case slices.ContainsFunc(lesser, Entry.usable):
		assets[0].refuse(media.RefusedNoOriginal, reducedReason(row, lesser))
	}
	for _, e := range besides {
		assets = append(assets, asset(row, m, e, place{cmp.Or(e.Part, 1), max(len(parts), len(lesser))}, photo))
	}
	if photo && len(parts) > 0 && lacksRaw(row, assets) {
		raw := asset(row, m, Entry{Part: 1, Label: labelRaw, Type: "gpr"}, place{1, 1}, photo)
		raw.refuse(media.RefusedIncomplete, "the GoPro cloud says that it has a RAW file of this photo, and does not list it now; a later run asks again")
		assets = append(assets, raw)
	}
	return withLegacyNames(assets, m, height, photo)
}

// lacksRaw reports whether a row says that there is a RAW file and the assets
// have none.
func lacksRaw(row Row, assets []Asset) bool {
	return slices.Contains(row.Labels, labelRaw) &&
		!slices.ContainsFunc(assets, func(a Asset) bool { return a.Label == labelRaw || a.Kind == "gpr" })
}

// partCount is how many files a medium consists of by its record; 0 if that does
// not tell: of an edit it counts the clips that went into it.
func partCount(row Row) int {
	if isEdit(row.Type) || row.PlayAs == "edl" {
		return 0
	}
	return min(row.ItemCount, maxPart)
}

// complete turns the parts into assets, and adds the parts that are missing.
func complete(row Row, m Manifest, parts []Entry, photo bool) []Asset {
	count := partCount(row)
	if len(parts) == 1 && (count <= 1 || !parts[0].isOriginal()) {
		return []Asset{asset(row, m, parts[0], place{1, 1}, photo)}
	}
	base, gaps := missing(parts, count)
	for _, part := range gaps[:min(len(gaps), maxMissing)] {
		parts = append(parts, Entry{Part: part, Label: parts[0].Label})
	}
	slices.SortStableFunc(parts, byIdentity)
	last := max(count, len(parts)) // place of the last one
	for _, e := range parts {
		last = max(last, e.Part-base+1)
	}
	taken := make(map[int]bool, len(parts)) // places, by numbers
	for _, e := range parts {
		taken[e.Part-base+1] = e.Part > 0
	}
	assets := make([]Asset, 0, len(parts))
	free := 0
	for _, e := range parts {
		at := e.Part - base + 1
		if e.Part == 0 {
			for free++; taken[free]; free++ {
			}
			at = free
		}
		assets = append(assets, asset(row, m, e, place{at, last}, photo))
	}
	return assets
}

// missing returns which number the first part has, and the numbers of those that
// are not listed: as many as the record counts more than there are, or if it does
// not count them, those left out between the others.
func missing(parts []Entry, count int) (base int, gaps []int) {
	listed := make(map[int]bool, len(parts))
	last := 0
	for _, e := range parts {
		listed[e.Part] = true
		last = max(last, e.Part)
	}
	base = 1
	if first := parts[0].Part; count > 1 && last > count || count <= 1 && first > len(parts)+1 {
		base = first
	}
	lacking := count - len(parts)
	if count <= 1 {
		lacking = last - base + 1 - len(listed)
		if lacking > len(parts) {
			lacking = 0 // those are no numbers of parts
		}
	}
	for n := base; len(gaps) < lacking; n++ {
		if !listed[n] && (last > 0 || n > len(parts)) {
			gaps = append(gaps, n)
		}
	}
	return base, gaps
}

// place is where a file stands among those of its medium, according to its name.
type place struct{ number, of int }

// asset describes one entry.
func asset(row Row, m Manifest, e Entry, at place, photo bool) Asset {
	e.Part = max(e.Part, 1)
	a := Asset{Entry: e, Kind: e.kind(), Original: e.isOriginal()}
	kind := assetKind(row, e)
	if kind != "" && a.Kind != "" {
		a.Kind = kind
	}
	a.Name = partName(row, m, at.number, at.of, kind, photo)
	switch {
	case kind == "json":
		a.refuse(media.RefusedProject, projectReason)
	case media.KindByName(a.Name) == "":
		a.refuse(media.RefusedType, fmt.Sprintf("a file of type %q is neither a photo nor a video", kind))
	case !e.usable() && !isReady(row.State):
		a.refuse(media.RefusedTranscoding, notReady(row.State))
	case !e.usable():
		a.refuse(media.RefusedIncomplete, fmt.Sprintf("the GoPro cloud does not offer part %d of %d of this medium", at.number, at.of))
	}
	return a
}

func (a *Asset) refuse(code, reason string) {
	a.URL, a.Refusal = "", &media.Refusal{Code: code, Reason: reason}
}

const projectReason = "a Quik edit project: a list of cuts, not a film; export it as a video in the Quik app"

// nothing is the asset of a medium that has no original to offer.
func nothing(row Row, m Manifest, parts []Entry) Asset {
	switch {
	case !isReady(row.State):
		return refused(row, m, media.RefusedTranscoding, notReady(row.State))
	case len(parts) > 0:
		return refused(row, m, media.RefusedIncomplete, "the GoPro cloud lists the original but does not offer it now")
	case promisesOriginal(row):
		return refused(row, m, media.RefusedIncomplete, "the GoPro cloud says that it has the original, and does not list it now; a later run asks again")
	case isEdit(row.Type) || strings.EqualFold(row.Extension, "json") || row.PlayAs == "edl":
		return refused(row, m, media.RefusedProject, projectReason)
	case row.Type == "Audio":
		return refused(row, m, media.RefusedType, "sound is neither a photo nor a video")
	}
	if len(m.Files)+len(m.Variations) == 0 {
		if row.State == "failure" {
			return refused(row, m, media.RefusedNoOriginal, uploadFailed)
		}
		return refused(row, m, media.RefusedIncomplete, "the GoPro cloud lists no file of this medium now; a later run asks again")
	}
	return refused(row, m, media.RefusedNoOriginal, "the GoPro cloud holds only lesser renditions of this medium; --quality HEIGHT takes the nearest one")
}

// promisesOriginal reports whether a row says that there is an original.
func promisesOriginal(row Row) bool {
	return slices.Contains(row.Labels, labelSource) || slices.Contains(row.Labels, labelBaked)
}

// refused is a whole medium that is not carried.
func refused(row Row, m Manifest, code, reason string) Asset {
	photo := isPhoto(row.Type, row.Filename)
	a := Asset{
		Entry: Entry{Part: 1, Label: expectedLabel(row.Type)},
		Name:  partName(row, m, 1, 1, strings.ToLower(row.Extension), photo),
	}
	a.refuse(code, reason)
	return a
}

func expectedLabel(kind string) string {
	if isEdit(kind) {
		return labelBaked
	}
	return labelSource
}

// isReady reports whether the cloud has finished with a medium, for better or
// worse.
func isReady(state string) bool {
	return slices.Contains([]string{"", "ready", "failure", "unknown"}, state)
}

// isArriving reports whether a medium's originals may not all be there yet.
func isArriving(state string) bool {
	return slices.Contains([]string{"uploading", "registered", "loading"}, state)
}

const uploadFailed = "its upload to the GoPro cloud failed: there is no file"

func notReady(state string) string {
	return fmt.Sprintf("the GoPro cloud is still busy with it (%s); a later run takes it", state)
}

// film returns the rendition of a video that is nearest to a height: an entry, or
// one of each part if those of its label are numbered. It returns none if that is
// the original.
func film(row Row, entries []Entry, height int) []Entry {
	spherical := strings.EqualFold(path.Ext(row.Filename), ".360")
	entries = slices.DeleteFunc(entries, func(e Entry) bool {
		return e.Height <= 0 || e.kind() == "360" || spherical && e.isOriginal()
	})
	best, ok := nearest(entries, height)
	if !ok || best.isOriginal() {
		return nil
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Label != best.Label })
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
		if e.Part == best.Part {
			return e.Height != best.Height
		}
		of, ok := nearest(chosen(entries, e.Label, func(other Entry) bool { return other.Part == e.Part }), height)
		return ok && e.Height != of.Height
	})
}

// nearest returns the usable entry whose height is nearest: of equally near ones
// the larger, and of equal ones the first.
func nearest(entries []Entry, height int) (Entry, bool) {
	var best Entry
	found := false
	for _, e := range entries {
		if e.usable() && (!found || nearer(e, best, height)) {
			best, found = e, true
		}
	}
	return best, found
}

// nearer is an order of preference: least distance, then larger height,
// then larger width.
func nearer(a, b Entry, height int) bool {
	distance := func(e Entry) int64 { d := int64(e.Height - height); return d * d }
	return cmp.Or(
		cmp.Compare(distance(a), distance(b)),
		cmp.Compare(b.Height, a.Height),
		cmp.Compare(b.Width, a.Width),
	) < 0
}
