package gopro

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// Labels of entries.
const (
	labelSource = "source"       // the file as uploaded
	labelBaked  = "baked_source" // the rendered result of an edit
	labelConcat = "concat"       // chapters joined by the cloud
	labelRaw    = "raw_photo"    // the RAW file beside a photo
)

// usable reports whether the entry's bytes can be had.
func (e Entry) usable() bool { return e.Available && e.URL != "" }

// kind returns the entry's type in lower case, such as "mp4": what it says, or
// what its address ends in; "" if neither tells.
func (e Entry) kind() string {
	for _, s := range []string{e.Type, strings.TrimPrefix(path.Ext(e.object()), ".")} {
		if s = strings.ToLower(s); plainKind.MatchString(s) {
			return s
		}
	}
	return ""
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

// urlPart returns the number that the last element of the address consists of,
// or 0.
func (e Entry) urlPart() int {
	base := path.Base(e.object())
	n, err := strconv.Atoi(strings.TrimSuffix(base, path.Ext(base)))
	if err != nil || n < 1 {
		return 0
	}
	return n
}

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

// originals returns the entries that make up a medium, numbered and in order,
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
		return numbered(found)
	}
	files := numbered(pictures(m.Files))
	if len(found) <= 1 && len(files) > 1 {
		return files
	}
	return filled(numbered(found), files)
}

func labelled(entries []Entry, label string) []Entry {
	var found []Entry
	for _, e := range entries {
		if e.Label == label {
			found = append(found, e)
		}
	}
	return found
}

// pictures returns the files that are photos, as originals.
func pictures(files []Entry) []Entry {
	var found []Entry
	for _, e := range files {
		if k := e.kind(); k == "" || media.KindByName("."+k) == media.Photo {
			e.Label = labelSource
			found = append(found, e)
		}
	}
	return found
}

// filled replaces what is missing or unusable among the parts by spares.
func filled(parts, spares []Entry) []Entry {
	at := make(map[int]int, len(parts))
	for i, e := range parts {
		at[e.Part] = i
	}
	for _, spare := range spares {
		switch i, ok := at[spare.Part]; {
		case !ok:
			parts = append(parts, spare)
		case !parts[i].usable() && spare.usable():
			parts[i] = spare
		}
	}
	slices.SortStableFunc(parts, byPart)
	return parts
}

func byPart(a, b Entry) int { return cmp.Compare(a.Part, b.Part) }

// numbered returns the entries with part numbers, in order: those they come
// with, or those at the end of their addresses, or, if neither tells them apart,
// by the order they stand in.
func numbered(entries []Entry) []Entry {
	entries = slices.Clone(entries)
	if len(entries) == 1 {
		if !distinct(entries, func(_ int, e Entry) int { return e.Part }) {
			entries[0].Part = 1
		}
		return entries
	}
	number := func(_ int, e Entry) int { return e.Part }
	if !distinct(entries, number) {
		number = func(_ int, e Entry) int { return e.urlPart() }
	}
	if !distinct(entries, number) {
		number = func(i int, _ Entry) int { return i + 1 }
	}
	for i := range entries {
		entries[i].Part = number(i, entries[i])
	}
	slices.SortStableFunc(entries, byPart)
	return entries
}

// maxPart is more than any set has parts; greater numbers are something else.
const maxPart = 1 << 20

// distinct reports whether every entry has a number of its own, from 1.
func distinct(entries []Entry, number func(int, Entry) int) bool {
	seen := make(map[int]bool, len(entries))
	for i, e := range entries {
		n := number(i, e)
		if n < 1 || n > maxPart || seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// raws returns the RAW files beside the photos.
func raws(m Manifest) []Entry { return numbered(labelled(m.Sidecars, labelRaw)) }

// renditions returns the other entries of a video that can be watched, each
// numbered among those of its label: not the chapters joined by the cloud, which
// are no less bytes than the originals, and not sound alone.
func renditions(m Manifest) []Entry {
	var found []Entry
	nth := make(map[string]int)
	for _, e := range m.Variations {
		watchable := e.kind() != "360" && media.KindByName("."+e.kind()) == media.Video && e.Height > 0
		if !watchable || e.Label == labelSource || e.Label == labelBaked || e.Label == labelConcat {
			continue
		}
		nth[e.Label]++
		e.Part = nth[e.Label]
		found = append(found, e)
	}
	return found
}

// carriable returns every entry that an item may stand for, each identified by
// its label and part.
func carriable(m Manifest, photo bool) []Entry {
	return slices.Concat(originals(m, photo), raws(m), renditions(m))
}
