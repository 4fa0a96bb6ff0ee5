package jsondir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

const metaFile = "/meta.json"

// header is what is known of a stored session without its items.
type header struct {
	*state.Session
	ours    bool            // Gondola wrote it last
	flat    *state.Document // the flat file, if it is the later one
	hasFlat bool
}

// header reads the header of the session in a directory. Of a directory and a
// flat file the one updated later counts, and the directory if they are equal:
// its header is written last. The error is state.ErrNotFound if there is none.
func (b *db) header(dir string) (header, error) {
	h, err := b.dirHeader(dir)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return h, err
	}
	flat, flatErr := b.flatFile(dir)
	switch {
	case errors.Is(flatErr, state.ErrNotFound):
		return h, err
	case flatErr != nil:
		return h, flatErr
	case h.Session == nil || flat.Session.UpdatedAt.After(h.UpdatedAt):
		return header{Session: flat.Session, flat: flat, hasFlat: true}, nil
	}
	h.hasFlat = true
	return h, nil
}

func (b *db) dirHeader(dir string) (header, error) {
	name := dir + metaFile
	data, err := regular.ReadIn(b.root, name, maxDocument)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return header{}, state.ErrNotFound
	case err != nil:
		return header{}, b.fault("read", name, err)
	}
	s, err := q2google.Codec{}.DecodeSession(data)
	if err == nil && s.ID == "" {
		s.ID = dir
	}
	if err == nil && SafeName(s.ID) != dir {
		err = fmt.Errorf("it is of session %q, which %w", s.ID, errMisplaced)
	}
	if err != nil {
		return header{}, b.Damaged(name, err)
	}
	return header{Session: s, ours: q2google.Ours(data)}, nil
}

// flatFile reads the flat file of a session. A file that says nothing of a
// session of this name is none.
func (b *db) flatFile(dir string) (*state.Document, error) {
	name := dir + ".json"
	if info, err := b.root.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil, state.ErrNotFound
	}
	data, err := regular.ReadIn(b.root, name, maxFlat)
	if err != nil {
		return nil, b.fault("read", name, err)
	}
	var id struct {
		Session string `json:"session_id"`
	}
	err = json.Unmarshal(data, &id)
	if _, invalid := errors.AsType[*json.SyntaxError](err); invalid && !isCopy(name) {
		return nil, b.Damaged(name, err)
	}
	if err != nil || SafeName(id.Session) != dir {
		return nil, state.ErrNotFound
	}
	d, err := q2google.ReadFlat(data)
	if err != nil {
		return nil, b.Damaged(name, err)
	}
	return d, nil
}
