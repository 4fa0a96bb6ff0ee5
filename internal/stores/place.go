package stores

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// stateURI is what a URI of a store looks like. A scheme of one letter is a
// drive of Windows.
var stateURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// Expand expands a leading ~ of a PATH, or of the path of a URI.
func Expand(place string, paths config.Paths) (string, error) {
	if stateURI.MatchString(place) {
		return paths.ExpandURI(place)
	}
	return paths.Expand(place)
}

// maxDocument bounds the document of one session, in bytes: a file may hold
// all items.
const maxDocument = 1 << 30

// Source returns the URI of the store that a PATH or URI means, and the id of
// the only session that is meant, or "" for all.
func Source(place string) (uri, only string, err error) {
	if stateURI.MatchString(place) {
		return place, "", nil
	}
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("%s cannot be copied from: %w", state.Redact(place), pathless(err))
	case info.IsDir():
		document := filepath.Join(place, "meta.json")
		if _, err := os.Stat(document); errors.Is(err, fs.ErrNotExist) {
			return Directory(place), "", nil
		}
		return sessionIn(place, document)
	}
	database, err := isDatabase(place)
	switch {
	case err != nil:
		return "", "", err
	case database:
		return sqlite.Scheme + ":" + place, "", nil
	}
	return sessionIn(place, place)
}

// sessionIn returns the store around the directory or file of one session, and
// its id.
func sessionIn(path, document string) (uri, only string, err error) {
	data, err := regular.Read(document, maxDocument)
	if err != nil {
		return "", "", err
	}
	var meta struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(data, &meta); err != nil || meta.ID == "" {
		return "", "", fmt.Errorf("%s: it is not a session", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	// The store around it finds a session by its name, under which another one may lie.
	name := jsondir.SafeName(meta.ID)
	if path == document {
		name += ".json"
	}
	if !sameFile(path, filepath.Join(filepath.Dir(absolute), name)) {
		return "", "", fmt.Errorf("%s holds session %q: rename it to %s, as a session is found by its name", path, meta.ID, name)
	}
	return Directory(filepath.Dir(absolute)), meta.ID, nil
}

// sameFile reports whether two paths lead to one file or directory.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// Target returns the URI of the store that a PATH or URI means; a PATH where
// nothing is yet will be a directory.
func Target(place string) (string, error) {
	if stateURI.MatchString(place) {
		return place, nil
	}
	switch info, err := os.Stat(place); {
	case errors.Is(err, fs.ErrNotExist):
		return newPlace(place)
	case err != nil:
		return "", err
	case info.IsDir():
		return Directory(place), nil
	}
	database, err := isDatabase(place)
	if err == nil && !database {
		err = usagef("%s is neither a directory nor a database", place)
	}
	return sqlite.Scheme + ":" + place, err
}

// newPlace returns the URI of a directory, unless the name speaks of a database.
func newPlace(path string) (string, error) {
	switch filepath.Ext(path) {
	case ".db", ".sqlite", ".sqlite3":
		return "", usagef("%s is not there yet: write sqlite:%[1]s for a database, jsondir:%[1]s for a directory", path)
	}
	return Directory(path), nil
}

// isDatabase reports whether a file is a SQLite database.
func isDatabase(path string) (bool, error) {
	const magic = "SQLite format 3\x00"
	f, err := regular.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return string(head) == magic, nil
}

// pathless takes the path out of an error that names it elsewhere.
func pathless(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func usagef(format string, args ...any) error {
	return &config.UsageError{Message: fmt.Sprintf(format, args...)}
}
