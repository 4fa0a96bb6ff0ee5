package jsondir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/gondola-sync/gondola/state/driver"
)

// SafeName returns the file name that q2google gives a session, item or batch,
// without extension: path separators of this system become "_", then each ".."
// does. Different names may share one.
func SafeName(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, string(os.PathSeparator), "_"), "..", "_")
}

// Limits in bytes; file systems take 255.
const (
	maxID   = 255 - len(".json.migrated-99")
	maxStem = 255 - len(".json")
)

// ownDir holds what belongs to no session.
const ownDir = "..gondola"

// CheckSessionID returns a fault that says why no session of this kind of store
// can have that id.
func CheckSessionID(id string) error {
	_, err := dirOf(id)
	return err
}

// dirOf returns the directory of a session, or a fault if there can be none.
func dirOf(id string) (string, error) {
	dir, why := SafeName(id), ""
	switch {
	case id == "":
		why = "it is empty"
	case dir == ".":
		why = "it names the directory itself"
	case !utf8.ValidString(id):
		why = "it is not valid UTF-8"
	case strings.ContainsFunc(id, unicode.IsControl):
		why = "it has control characters"
	case len(dir) > maxID:
		why = fmt.Sprintf("it is longer than %d bytes", maxID)
	default:
		return dir, nil
	}
	if len(id) > 80 {
		id = id[:80] + "…"
	}
	return "", driver.Fault(fmt.Sprintf("use session id %q", id), errors.New(why), "choose another session id")
}

// CheckName returns why no file can be named after an item.
func (b *db) CheckName(name string) error {
	if strings.ContainsRune(name, 0) {
		return errors.New("its name has a NUL character")
	}
	return nil
}

// Fold returns what the names have in common whose files are one on some file
// system.
func (b *db) Fold(name string) string { return fold(fileOf(name)) }

// fileOf returns the name of an item's file. Names that are too long are cut
// and distinguished by a hash; the true name is inside the file.
func fileOf(name string) string {
	if stem := SafeName(name); len(stem) <= maxStem {
		return stem + ".json"
	}
	return apart(name)
}

// apart returns a file for a name whose own cannot be had.
func apart(name string) string {
	sum := sha256.Sum256([]byte(name))
	mark := "~" + hex.EncodeToString(sum[:8])
	stem := SafeName(name)
	return strings.ToValidUTF8(stem[:min(len(stem), maxStem-len(mark))], "") + mark + ".json"
}

// fold returns what is equal for files that are one on a file system that
// ignores case and Unicode normalisation.
func fold(file string) string {
	if !strings.ContainsFunc(file, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(file)
	}
	return norm.NFD.String(cases.Fold().String(norm.NFD.String(file)))
}
