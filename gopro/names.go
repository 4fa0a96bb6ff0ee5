package gopro

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// How GoPro cameras name files. Chapters stand before the file number, so that
// GX010042, GX020042, … are one recording.
var (
	chapterStem = regexp.MustCompile(`^(?i)(G[A-Z])(\d{2})(\d{4})$`) // HERO6 and later, MAX, Fusion
	firstStem   = regexp.MustCompile(`^(?i)GOPR(\d{4})$`)            // HERO2 to 5: GOPR0042, GP010042, GP020042, …
	loopStem    = regexp.MustCompile(`^(?i)(G[HX][A-Z]{2})(\d{4})$`)
	frameStem   = regexp.MustCompile(`^(?i)(G\d{3})(\d{4})$`) // burst, time lapse, continuous
)

// title returns the stem of the medium's name and its extension with the dot,
// in the case the camera wrote it. Edits go by what the user called them; their
// titles may have dots in them. A medium without any name goes by its id.
func title(row Row, m Manifest) (stem, ext string) {
	name := row.Filename
	if name == "" {
		name = m.Filename
	}
	if row.Title != "" && (isEdit(row.Type) || name == "") {
		name = row.Title
	}
	ext = path.Ext(name)
	if media.MIMEByName(name) == "" {
		ext = ""
	}
	if stem = strings.TrimSuffix(name, ext); strings.Trim(stem, ". ") == "" {
		stem = "GoPro " + row.ID
	}
	return stem, ext
}

// partName returns the safe name of one of several parts, or of the only one.
func partName(row Row, m Manifest, part, parts int, kind string, photo bool) string {
	stem, ext := title(row, m)
	if parts > 1 {
		stem = partStem(stem, part, parts, photo)
	}
	return media.SafeName(stem + extension(ext, kind))
}

// assetKind returns the type of an entry of a medium. The medium's name and its
// record settle what the entry leaves open, and that the container of a 360 video
// is one: no player of plain videos shows it right.
func assetKind(row Row, e Entry) string {
	own := strings.ToLower(strings.TrimPrefix(path.Ext(row.Filename), "."))
	kind := e.kind()
	switch {
	case own == "360" && kind == "mp4" && e.isOriginal():
		return own
	case isKnownKind(kind):
		return kind
	case isKnownKind(own):
		return own
	case isKnownKind(strings.ToLower(row.Extension)):
		return strings.ToLower(row.Extension)
	}
	return strings.ToLower(cmp.Or(kind, own, row.Extension))
}

func isKnownKind(kind string) bool { return media.MIMEByName("."+kind) != "" }

// extension returns the extension for a type such as "mp4", written as the
// camera writes its own.
func extension(own, kind string) string {
	switch {
	case kind == "" || canonical(strings.TrimPrefix(own, ".")) == canonical(kind):
		return own
	case own != "" && own == strings.ToUpper(own):
		return "." + strings.ToUpper(kind)
	}
	return "." + kind
}

// canonical returns the one word for a type: a camera's thumbnail is a JPEG and
// its low-resolution companion an MP4, which the cloud says of them.
func canonical(kind string) string {
	switch kind = strings.ToLower(kind); kind {
	case "jpeg", "jpe", "thm":
		return "jpg"
	case "lrv":
		return "mp4"
	}
	return kind
}

// partStem returns the stem of a part by the pattern of the first one's, or
// numbered if there is none.
func partStem(stem string, part, parts int, photo bool) string {
	if next, ok := patternStem(stem, part, photo); ok {
		return next
	}
	return fmt.Sprintf("%s-%0*d", stem, len(strconv.Itoa(parts)), part)
}

func patternStem(stem string, part int, photo bool) (string, bool) {
	if photo {
		if m := frameStem.FindStringSubmatch(stem); m != nil {
			return count(m[1], m[2], part-1, "")
		}
		return "", false
	}
	if m := chapterStem.FindStringSubmatch(stem); m != nil {
		return count(m[1], m[2], part-1, m[3])
	}
	if m := firstStem.FindStringSubmatch(stem); m != nil {
		if part == 1 {
			return stem, true
		}
		return count("GP", "00", part-1, m[1])
	}
	if m := loopStem.FindStringSubmatch(stem); m != nil {
		return count(m[1], m[2], part-1, "")
	}
	return "", false
}

// count adds to a number of fixed width between two texts; not ok if it
// outgrows its width.
func count(before, digits string, add int, after string) (string, bool) {
	n, err := strconv.Atoi(digits)
	next := fmt.Sprintf("%0*d", len(digits), n+add)
	return before + next + after, err == nil && len(next) == len(digits)
}
