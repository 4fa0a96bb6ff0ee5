package folder

import (
	"crypto/sha256"
	"encoding/base32"
	"hash/maphash"
	"path"

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

// Lengths of marks. Two identities with one short mark are told apart by a longer
// one.
const shortMark, longMark = 6, 26

// markOf returns the mark of an identity.
func markOf(identity string, length int) string {
	sum := sha256.Sum256([]byte(identity))
	return marks.EncodeToString(sum[:])[:length]
}

// candidates are the paths that a file may get, in the order in which they are
// tried: the one that the layout says, then that with a mark of its identity, then
// of its identity and version.
func candidates(at, key, version string) []string {
	dir, name := path.Split(at)
	all := []string{at}
	for _, identity := range []string{key, key + "\x00" + version} {
		for _, n := range []int{shortMark, longMark} {
			all = append(all, dir+media.Distinguish(name, "("+markOf(identity, n)+")"))
		}
	}
	return all
}
