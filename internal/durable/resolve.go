package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxLinks is how many symbolic links systems follow.
const maxLinks = 40

var errNotRegular = errors.New("not a regular file")

// resolve returns the file that path names after symbolic links, which need not
// exist. It refuses what is there and is no regular file.
func resolve(path string) (string, error) {
	for range maxLinks {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return realPath(path)
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			if !info.Mode().IsRegular() {
				return "", errNotRegular
			}
			return realPath(path)
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			dir, _ := filepath.Split(path)
			to = dir + to
		}
		path = to
	}
	return "", syscall.ELOOP
}

// realPath resolves the directory of a file. Cleaning the path would not do:
// ".." after a link is the parent of what the link names.
func realPath(path string) (string, error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	dir, err := filepath.EvalSymlinks(dir)
	return filepath.Join(dir, base), err
}
