package jsondir

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/state"
)

// errMisplaced is wrapped by the error of a directory that holds another
// session's header: a copy, or a directory that was renamed.
var errMisplaced = errors.New("does not belong into this directory")

// Strays iterates the files and directories that lie among those of sessions and
// are none, and why each is left alone. It ends early if the directory cannot be
// read.
func (b *Backend) Strays(ctx context.Context) iter.Seq2[string, string] {
	return func(yield func(path, why string) bool) {
		var entries []fs.DirEntry
		_ = b.db.entries(ctx, func(e fs.DirEntry) { entries = append(entries, e) })
		for _, e := range entries {
			for _, s := range b.db.straysAt(ctx, e) {
				if ctx.Err() != nil || !yield(filepath.Join(b.db.path, filepath.FromSlash(s.name)), s.why) {
					return
				}
			}
		}
	}
}

type stray struct{ name, why string }

const (
	whyCopy     = "it looks like a copy that another program made"
	whyMisnamed = "its name is not that of the record it holds"
	whyRemoved  = "it was left by a removal that was interrupted; gondola sessions rm removes it"
)

// straysAt returns the strays at and below an entry of the state directory.
func (b *db) straysAt(ctx context.Context, e fs.DirEntry) (found []stray) {
	name := e.Name()
	switch {
	case !e.IsDir() && isCopy(name) && strings.HasSuffix(name, ".json"):
		return []stray{{name, whyCopy}}
	case !e.IsDir():
		return nil
	}
	h, err := b.header(name)
	switch {
	case errors.Is(err, errMisplaced):
		return []stray{{name, whyMisnamed}}
	case errors.Is(err, state.ErrNotFound) && (&session{b: b, dir: name}).remains():
		return []stray{{name, whyRemoved}}
	case err != nil:
		return nil
	}
	s, err := b.session(ctx, h.ID)
	if err != nil {
		return nil
	}
	_ = s.view(ctx, h.ID, func(ix *index) {
		for _, file := range ix.strays {
			why := whyMisnamed
			if isCopy(filepath.Base(file)) {
				why = whyCopy
			}
			found = append(found, stray{name + "/" + file, why})
		}
	})
	slices.SortFunc(found, func(a, b stray) int { return strings.Compare(a.name, b.name) })
	return found
}
