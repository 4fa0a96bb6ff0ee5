package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// found is a file that a walk has come to.
type found struct {
	path string // relative, with slashes, as the file system has it
	info fs.FileInfo
}

// walker comes to every file below a root that may be a photo or a video, in the order
// of names, one directory after the other. Of a directory, its names are in memory.
// Links to files within the root are followed.
type walker struct {
	root   *os.Root
	each   func(found) error
	failed func(path string, err error) // what cannot be read; the walk goes on
}

// walk walks the root. Its error is that of ctx, of the root, or of each.
func (w *walker) walk(ctx context.Context) error {
	names, err := w.names(".")
	if err != nil {
		return err
	}
	return w.entries(ctx, ".", names)
}

// names returns the names in a directory, in order.
func (w *walker) names(dir string) ([]string, error) {
	f, err := w.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func (w *walker) entries(ctx context.Context, dir string, names []string) error {
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.entry(ctx, path.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// entry comes to one name of a directory.
func (w *walker) entry(ctx context.Context, name string) error {
	base := path.Base(name)
	if isHidden(base) {
		return nil
	}
	info, err := w.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		return nil
	case err != nil:
		w.failed(name, err)
		return nil
	case info.IsDir():
		return w.below(ctx, name)
	case isJunk(base):
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		if info, err = w.root.Stat(name); err != nil {
			return nil // it leads out of the root, or nowhere
		}
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	return w.each(found{name, info})
}

// below walks a directory. The albums that a folder keeps show what lies elsewhere in
// it.
func (w *walker) below(ctx context.Context, dir string) error {
	if dir == albumsDir {
		if _, err := w.root.Lstat(albumsFile); err == nil {
			return nil
		}
	}
	if isJunkDir(path.Base(dir)) {
		return nil
	}
	names, err := w.names(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.failed(dir, err)
	}
	return w.entries(ctx, dir, names)
}

// isHidden reports whether a name is left out, whatever it is of: it is hidden, or a
// folder's own.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

// junkDirs are directories of systems and programs, in lower case.
var junkDirs = []string{
	"@eadir", "@__thumb", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found", "lightroom catalog",
}

// isJunkDir reports whether a directory is left out: one of a system or a program.
func isJunkDir(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(junkDirs, name) || strings.HasSuffix(name, ".lrdata")
}

// junkExtensions are those of files beside photos and videos, and of files that are
// still written.
var junkExtensions = []string{
	".lrv", ".thm", ".xmp", ".aae", ".json", ".pp3", ".dop", ".on1", ".cos", ".srt",
	".tmp", ".part", ".crdownload", ".!qb",
}

// isJunk reports whether a file is left out for its name.
func isJunk(name string) bool {
	lower := strings.ToLower(name)
	return slices.Contains(junkExtensions, path.Ext(lower)) ||
		lower == "thumbs.db" || lower == "desktop.ini" || strings.HasPrefix(lower, "synofile_thumb_")
}

// albumsOf returns the album that a directory stands for, if it is not the root.
func albumsOf(dir string) []media.Album {
	title := media.DirTitle(dir)
	if title == "" {
		return nil
	}
	return []media.Album{{Title: title}}
}
