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

// isProper reports whether a file is the one of the item with this name.
func isProper(name, file string) bool {
	if file == fileOf(name) {
		return true
	}
	folded := looseFold(file)
	return folded == looseFold(fileOf(name)) || folded == looseFold(apart(name))
}

// looseFold is fold for files that may have been named on another system.
func looseFold(file string) string { return fold(strings.ReplaceAll(file, `\`, "_")) }

// isCopy reports whether a file has a name that macOS gives to attributes, or
// synchronizing programs to copies in conflict. What they hold may be anything.
func isCopy(file string) bool {
	return strings.HasPrefix(file, "._") || strings.Contains(file, ".sync-conflict-") || strings.Contains(strings.ToLower(file), "conflicted copy")
}

// strays is [Backend.Strays].
func (b *db) strays(ctx context.Context) iter.Seq2[string, string] {
	return func(yield func(path, why string) bool) {
		var entries []fs.DirEntry
		if b.usable(ctx) != nil || b.list(ctx, ".", func(e fs.DirEntry) { entries = append(entries, e) }) != nil {
			return
		}
		for _, e := range entries {
			for _, s := range b.straysAt(ctx, e) {
				if ctx.Err() != nil || !yield(filepath.Join(b.path, filepath.FromSlash(s.name)), s.why) {
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
	case !e.IsDir() || name == ownDir:
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

// isRecord reports whether a file of a session, such as "items/a.jpg.json", is a
// record's, whole or damaged.
func (b *db) isRecord(dir, file string) bool {
	kind, base := filepath.Split(file)
	if kind == "batches/" {
		batch, err := b.readBatch(dir, base)
		return err == nil && base == batchFile(batch.Index) || err != nil && !isCopy(base)
	}
	it, err := b.readItem(dir, base)
	return err == nil && isProper(it.Name, base) || err != nil && !isCopy(base)
}
