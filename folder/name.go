package folder

import (
	"crypto/sha256"
	"encoding/base32"
	"hash/maphash"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/gondola-sync/gondola/media"
)

// fold maps paths that some file system takes for one to the same text.
func fold(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

var seed = maphash.MakeSeed()

// digest is a digest of a text, good for this process.
func digest(text string) uint64 { return maphash.String(seed, text) }

// marks spell the mark of an identity: in lower case, since names are compared
// without regard to it.
var marks = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// Lengths of marks. Two identities with one short mark get a longer one.
const shortMark, longMark = 6, 26

// markOf returns the mark of an identity.
func markOf(identity string, length int) string {
	sum := sha256.Sum256([]byte(identity))
	return marks.EncodeToString(sum[:])[:length]
}

// candidates are the paths that a file may get in a file system, in the order in which
// they are tried: the one that the layout says, then that with a mark of its identity,
// then of its identity and version.
func candidates(at, key, version string, disk FileSystem) []string {
	dir, name := path.Split(disk.fit(at, 0))
	all := []string{dir + name}
	for _, identity := range []string{key, key + "\x00" + version} {
		for _, n := range []int{shortMark, longMark} {
			mark := "(" + markOf(identity, n) + ")"
			all = append(all, dir+media.Distinguish(disk.fit(name, len(" "+mark)), mark))
		}
	}
	return all
}

// sidecarRoom is what a name leaves for the extension of its sidecar, in bytes.
const sidecarRoom = len(".") + len(JSONSidecar)

// fit makes a safe path one that the file system takes: characters that it does not
// have become "_", and long names lose the end of their stems. Room is how many bytes
// of the last name are left free beside those for a sidecar.
func (f FileSystem) fit(name string, room int) string {
	elements := strings.Split(f.replace(name), "/")
	for i, element := range elements {
		limit := f.NameBytes - sidecarRoom
		if i == len(elements)-1 {
			limit -= room
		}
		elements[i] = shorten(element, limit)
	}
	return strings.Join(elements, "/")
}

// replace replaces the characters that the file system does not have.
func (f FileSystem) replace(name string) string {
	return strings.Map(func(r rune) rune {
		if r > f.NameRune {
			return '_'
		}
		return r
	}, name)
}

// shorten cuts the stem of a name that is longer than so many bytes.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > limit/2 {
		ext = ""
	}
	end := max(limit-len(ext), 0)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return media.SafeName(name[:end] + ext)
}
