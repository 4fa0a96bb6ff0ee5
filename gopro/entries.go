package gopro

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// Labels of entries. The last two are Gondola's: the files of a medium have none.
const (
	labelSource  = "source"       // the file as uploaded
	labelBaked   = "baked_source" // the rendered result of an edit
	labelConcat  = "concat"       // chapters joined by the cloud
	labelRaw     = "raw_photo"    // the RAW file beside a photo
	labelFile    = "file"         // another file among the frames of a photo set
	labelReduced = "reduced"      // a photo smaller than the one that was shot
)

// usable reports whether the entry's bytes can be had.
func (e Entry) usable() bool { return e.Available && e.URL != "" }

// kind returns the entry's type in lower case, such as "mp4": of what it says and
// what its address ends in the first that is a known type, or else what it says;
// "" if neither is known.
func (e Entry) kind() string {
	said := strings.ToLower(e.Type)
	name := path.Base(e.object())
	for _, s := range append([]string{said}, suffixes(name)...) {
		if isKnownKind(s) {
			return s
		}
	}
	if plainKind.MatchString(said) {
		return said
	}
	return ""
}

// suffixes returns what stands behind each dot of a name, the last first, in
// lower case: an address may end in more than the type, as in "1.jpg.v2".
func suffixes(name string) []string {
	parts := strings.Split(strings.ToLower(name), ".")[1:]
	slices.Reverse(parts)
	return parts
}

var plainKind = regexp.MustCompile(`^[a-z0-9]{1,8}$`)

// object returns the path of the entry's address: what is left of it in every
// signature. It is not to be logged either.
func (e Entry) object() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Path
}

// isOriginal reports whether an entry is as it was uploaded, or as an edit was
// rendered: no lesser rendition.
func (e Entry) isOriginal() bool {
	return slices.Contains([]string{labelSource, labelBaked, labelRaw, labelFile}, e.Label)
}

// isPicture reports whether an entry is a photo, or does not say what it is.
func (e Entry) isPicture() bool {
	k := e.kind()
	return k == "" || media.KindByName("."+k) == media.Photo
}

// isRaw reports whether an entry is the RAW form of a photo.
func (e Entry) isRaw() bool { return slices.Contains([]string{"gpr", "dng"}, e.kind()) }

// isPhoto reports whether a medium consists of photos: by its type, or by the
// name of its file when the type is not known.
func isPhoto(kind, name string) bool {
	switch kind {
	case "Photo", "Burst", "Continuous", "TimeLapse", "NightLapse":
		return true
	case "Video", "TimeLapseVideo", "LoopedVideo", "Looped", "Chaptered", "BurstVideo", "Livestream", "Audio":
		return false
	}
	return !isEdit(kind) && media.KindByName(name) == media.Photo
}

func isEdit(kind string) bool { return kind == "MultiClipEdit" || kind == "Edit" }

// originals returns the entries that make up a medium, identified and in order,
// the unusable among them too. Photo sets list their frames in Files and one of
// them, the cover, as source; videos list a proxy in Files.
func originals(m Manifest, photo bool) []Entry {
	found := labelled(m.Variations, labelSource)
	if !slices.ContainsFunc(found, Entry.usable) {
		if baked := labelled(m.Variations, labelBaked); len(found) == 0 || slices.ContainsFunc(baked, Entry.usable) {
			found = baked
		}
	}
	if !photo {
		return filled(identify(found), identify(chosen(m.Files, labelSource, Entry.isUpload)))
	}
	shots := identify(pictures(m))
	if len(found) <= 1 && len(shots) > 1 {
		return shots
	}
	return filled(identify(found), shots)
}

// isUpload reports whether the address of a file says that it is as uploaded.
func (e Entry) isUpload() bool { return e.layoutLabel() == labelSource }

func labelled(entries []Entry, label string) []Entry {
	return chosen(entries, label, func(e Entry) bool { return e.Label == label })
}

// chosen returns the entries that pass a filter, under a label.
func chosen(entries []Entry, label string, keep func(Entry) bool) []Entry {
	var found []Entry
	for _, e := range entries {
		if keep(e) {
			e.Label = label
			found = append(found, e)
		}
	}
	return found
}

// pictures returns the files of a photo set that are its photos, as originals: RAW
// files only if there are no others.
func pictures(m Manifest) []Entry {
	found := chosen(m.Files, labelSource, Entry.isPicture)
	if developed := chosen(found, labelSource, func(e Entry) bool { return !e.isRaw() }); len(developed) > 0 {
		return developed
	}
	return found
}

// raws returns the RAW files beside the photos, those among the files of a set too.
func raws(m Manifest, photo bool) []Entry {
	found := labelled(m.Sidecars, labelRaw)
	if photo && slices.ContainsFunc(m.Files, func(e Entry) bool { return e.isPicture() && !e.isRaw() }) {
		found = append(found, chosen(m.Files, labelRaw, Entry.isRaw)...)
	}
	return identify(found)
}

// beside returns the files of a photo set that are no photos, but for those that
// the variations name as renditions.
func beside(m Manifest, photo bool) []Entry {
	if !photo {
		return nil
	}
	rendition := make(map[string]bool)
	for _, e := range m.Variations {
		rendition[e.object()] = e.Label != labelSource
	}
	return identify(chosen(m.Files, labelFile, func(e Entry) bool { return !e.isPicture() && !rendition[e.object()] }))
}

// filled replaces what is missing or unusable among the parts by spares.
func filled(parts, spares []Entry) []Entry {
	at := make(map[int]int, len(parts))
	objects := make(map[string]bool, len(parts))
	for i, e := range parts {
		at[max(e.Part, 1)] = i
		objects[e.object()] = true
	}
	for _, spare := range spares {
		switch i, ok := at[spare.Part]; {
		case spare.URL != "" && objects[spare.object()]:
		case !ok || spare.marked || parts[i].marked:
			parts = append(parts, spare)
		case !parts[i].usable() && spare.usable():
			parts[i] = spare
		}
	}
	slices.SortStableFunc(parts, byIdentity)
	return parts
}

// renditions returns the other entries of a video that can be watched, each
// identified among those of its label: not the chapters joined by the cloud, which
// are no less bytes than the originals, and not sound alone.
func renditions(m Manifest) []Entry {
	var labels []string
	by := make(map[string][]Entry)
	for _, e := range m.Variations {
		watchable := e.kind() != "360" && media.KindByName("."+e.kind()) == media.Video && e.Height > 0
		if !watchable || slices.Contains([]string{labelSource, labelBaked, labelConcat}, e.Label) {
			continue
		}
		if by[e.Label] == nil {
			labels = append(labels, e.Label)
		}
		by[e.Label] = append(by[e.Label], e)
	}
	var found []Entry
	for _, label := range labels {
		found = append(found, identify(by[label])...)
	}
	return found
}

// reduced returns identified photos as those that are smaller than they were shot.
func reduced(photos []Entry) []Entry {
	return chosen(photos, labelReduced, func(Entry) bool { return true })
}

// carriable returns every entry that an item may stand for.
func carriable(m Manifest, photo bool) []Entry {
	found := slices.Concat(originals(m, photo), raws(m, photo), beside(m, photo), renditions(m))
	if photo {
		found = append(found, reduced(identify(pictures(m)))...)
	}
	return found
}
