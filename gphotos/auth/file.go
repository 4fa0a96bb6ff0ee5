package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/regular"
)

const (
	maxFile   = 1 << 20 // bytes, far more than a client or token file ever has
	maxValues = 1000    // in a file or an answer, all levels counted
)

// readFile reads a small file. Its errors do not repeat the path.
func readFile(path string) ([]byte, error) {
	data, err := regular.Read(path, maxFile)
	if err != nil {
		return nil, withoutPath(err)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil // some Windows editors add one
}

// writeFile replaces path by data, as [durable.WriteFile] does. Its errors do
// not repeat the path.
func writeFile(path string, data []byte) error {
	return withoutPath(durable.WriteFile(path, data))
}

func makeParent(path string) error {
	return withoutPath(os.MkdirAll(filepath.Dir(path), 0o700))
}

func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// jsonError says where JSON is malformed, without quoting it.
func jsonError(err error) error {
	if errors.Is(err, jsonlimit.ErrTooLarge) {
		return err
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not JSON: malformed at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return errors.New("not a JSON object")
		}
		return fmt.Errorf("%s has the wrong type", e.Field)
	}
	return errors.New("not JSON")
}
