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

// walk calls each for every file below a root that may be a photo or a video, in the
// order of names, one directory after the other. Links to files within the root are
// followed. What cannot be read is passed to failed, and the walk goes on.
func walk(ctx context.Context, root *os.Root, each func(found) error, failed func(path string, err error)) error {
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && name == ".":
			return err
		case err != nil:
			failed(name, err)
			return skipDir(d)
		case d.IsDir():
			if name != "." && isJunkDir(d.Name()) {
				return fs.SkipDir
			}
			return nil
		case isJunk(d.Name()):
			return nil
		}
		info, err := d.Info()
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if info, err = root.Stat(name); err != nil {
				return nil // it leads out of the root, or nowhere
			}
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return nil
		case err != nil:
			failed(name, err)
			return nil
		case !info.Mode().IsRegular():
			return nil
		}
		return each(found{name, info})
	})
}

func skipDir(d fs.DirEntry) error {
	if d != nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// junkDirs are directories of systems and programs, in lower case.
var junkDirs = []string{
	"@eadir", "@__thumb", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found", "lightroom catalog",
}

// isJunkDir reports whether a directory is left out: one that is hidden, a folder's
// own, or of a system.
func isJunkDir(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, ".") || slices.Contains(junkDirs, name) || strings.HasSuffix(name, ".lrdata")
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
	return strings.HasPrefix(lower, ".") || slices.Contains(junkExtensions, path.Ext(lower)) ||
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
