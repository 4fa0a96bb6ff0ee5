package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/resumable"
)

// stateFile keeps an upload in progress. It holds a session URL, which is a
// credential: its mode is 0600.
type stateFile struct {
	path   string
	upload string // URL that the upload began at
}

// stored is the contents of a state file.
type stored struct {
	Version    int                  `json:"version"`
	Upload     string               `json:"upload"`
	Checkpoint resumable.Checkpoint `json:"checkpoint"`
}

const stateVersion = 1

// load returns the upload in progress, or nil if there is none.
func (s stateFile) load() (*resumable.Checkpoint, error) {
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, inputError{err}
	}
	var v stored
	switch err := json.Unmarshal(text, &v); {
	case err != nil || v.Version != stateVersion || v.Checkpoint.Session.URL == "":
		return nil, inputError{fmt.Errorf("%s is not a state file of this command: remove it to begin anew", s.path)}
	case v.Upload != unsigned(s.upload):
		return nil, inputError{fmt.Errorf("%s is of an upload to %s: finish that, or remove it to begin anew", s.path, v.Upload)}
	}
	return &v.Checkpoint, nil
}

// save replaces the file by one that is complete on disk.
func (s stateFile) save(_ context.Context, c resumable.Checkpoint) error {
	text, err := json.Marshal(stored{stateVersion, unsigned(s.upload), c})
	if err != nil {
		return inputError{err}
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), ".upload-*") // with mode 0600
	if err != nil {
		return inputError{err}
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return inputError{err}
	}
	if err := os.Rename(f.Name(), s.path); err != nil {
		return inputError{err}
	}
	return nil
}

// remove forgets an upload that is finished.
func (s stateFile) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inputError{fmt.Errorf("upload is complete, but its state file stays: %w", err)}
	}
	return nil
}

// unsigned returns an upload URL without the parameters that differ from run to
// run or are secret.
func unsigned(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	q := u.Query()
	for name := range q {
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "x-goog-"), lower == "key", lower == "access_token":
			q.Del(name)
		}
	}
	u.RawQuery, u.User = q.Encode(), nil
	return u.String()
}
