package media

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits in bytes. 240 leave room for ".json" and the like within the 255 bytes
// that file systems take.
const (
	maxName = 240
	maxExt  = 32  // what is longer is no extension
	maxMark = 120 // of Distinguish
)

// SafeName turns a name from outside into one that every file system and
// service takes: valid UTF-8 in NFC, without separators, characters that
// Windows reserves and control characters (each becomes "_"), without dots or
// spaces at either end, not a Windows device name, never empty, and at most 240
// bytes long. The extension is kept. A safe name is returned unchanged.
func SafeName(name string) string {
	stem, ext := splitExt(clean(name))
	if ext == "" { // or too long: what is left of it after cutting counts
		stem, ext = splitExt(cut(strings.TrimLeftFunc(stem, isEdge), maxName))
	}
	stem = strings.TrimFunc(stem, isEdge)
	if stem == "" {
		stem = "unnamed"
	}
	room := maxName - len(ext)
	stem = cut(stem, room)
	if isDevice(stem) {
		stem = cut("_"+stem, room)
	}
	return stem + ext
}

// SafeDir turns a slash-separated directory from outside into one below any
// other: relative, of names that are safe as by [SafeName], without empty ones
// and ".". It returns "" for one that leads upwards, and for one longer than
// [MaxText]. A safe directory is returned unchanged.
func SafeDir(dir string) string {
	if dir == "" || len(dir) > MaxText {
		return ""
	}
	var safe []string
	for name := range strings.SplitSeq(dir, "/") {
		switch name {
		case "", ".":
			continue
		case "..":
			return ""
		}
		safe = append(safe, SafeName(name))
	}
	if dir = strings.Join(safe, "/"); len(dir) > MaxText {
		return ""
	}
	return dir
}

// Distinguish inserts a space and mark before the extension of name:
// "GX010042.MP4" with mark "k7Qp2mVx9Rt4b-2" becomes
// "GX010042 k7Qp2mVx9Rt4b-2.MP4". The result is safe as by [SafeName], for
// which the stem is shortened if need be. Only the first 120 bytes of mark
// count; an empty mark changes nothing.
func Distinguish(name, mark string) string {
	name = SafeName(name)
	mark = cut(strings.TrimFunc(clean(mark), isEdge), maxMark)
	if mark == "" {
		return name
	}
	stem, ext := splitExt(name)
	tail := " " + mark + ext
	return SafeName(cut(stem, maxName-len(tail)) + tail)
}

// clean replaces what no name may hold.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if isForbidden(r) {
			return '_'
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(name, "_")))
}

// isForbidden reports separators, characters reserved by Windows, controls, and
// the marks that make a name read differently from what it is.
func isForbidden(r rune) bool {
	return strings.ContainsRune(`/\:*?"<>|`, r) ||
		unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) ||
		r == '\ufeff'
}

func isEdge(r rune) bool { return r == '.' || unicode.IsSpace(r) }

// splitExt cuts name before its extension, which is "" or begins with a dot and
// ends in something else than an edge.
func splitExt(name string) (stem, ext string) {
	name = strings.TrimRightFunc(name, isEdge)
	ext = path.Ext(name)
	if len(ext) > maxExt {
		ext = ""
	}
	return strings.TrimSuffix(name, ext), ext
}

// cut returns the longest prefix of s that has at most so many bytes, is valid
// UTF-8 and does not end in an edge.
func cut(s string, limit int) string {
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	return strings.TrimRightFunc(s, isEdge)
}

// isDevice reports whether Windows would take a file of this stem for a device.
func isDevice(stem string) bool {
	base, _, _ := strings.Cut(stem, ".")
	base = strings.ToUpper(strings.TrimRightFunc(base, unicode.IsSpace))
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, base) {
		return true
	}
	port, ok := strings.CutPrefix(base, "COM")
	if !ok {
		port, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}
