package folder

import (
	"strings"
	"unicode/utf8"
)

// The ids of media are UTF-8, the paths of files need not be. A byte that is none
// stands in an id as a character of its own, out of a range for private use. Characters
// of that range, should a path hold one, are taken for bytes.
const (
	byteBase  = 0xf700 // plus the byte
	firstByte = byteBase + utf8.RuneSelf
	lastByte  = byteBase + 0xff
)

// mediumOf returns the id of the medium at a path.
func mediumOf(path string) string {
	var id strings.Builder
	for len(path) > 0 {
		r, n := utf8.DecodeRuneInString(path)
		if r == utf8.RuneError && n == 1 || firstByte <= r && r <= lastByte {
			for _, b := range []byte(path[:n]) {
				id.WriteRune(byteBase + rune(b))
			}
		} else {
			id.WriteString(path[:n])
		}
		path = path[n:]
	}
	return id.String()
}

// pathOf returns the path of the medium with an id.
func pathOf(id string) string {
	var path strings.Builder
	for _, r := range id {
		if firstByte <= r && r <= lastByte {
			path.WriteByte(byte(r - byteBase))
		} else {
			path.WriteRune(r)
		}
	}
	return path.String()
}
