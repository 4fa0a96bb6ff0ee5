package folder

import (
	"errors"
	"io/fs"
	"os"
)

// link gives a file another name by a hard link, which never replaces anything.
// Where there are none, it looks first and renames then: the folder is locked, so
// that only another program could come between.
func link(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	switch {
	case err == nil:
		return root.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := root.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return root.Rename(from, to)
}
