package folder

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
)

// dirNames knows what the directories hold that were written to last, by folded
// name: file systems differ in which names they take for one.
type dirNames struct {
	dirs map[string]*numbers // digests of names
	used []string            // the directories, the one used last at the end
}

// mostDirs bounds the directories whose names are in memory.
const mostDirs = 4

// has reports whether a directory holds something that bears the name of a path.
func (n *dirNames) has(root *os.Root, name string) (bool, error) {
	names, err := n.of(root, path.Dir(name))
	return err == nil && names.has(digest(fold(path.Base(name)))), err
}

// add notes that a path is taken.
func (n *dirNames) add(name string) {
	if names := n.dirs[path.Dir(name)]; names != nil {
		names.add(digest(fold(path.Base(name))))
	}
}

func (n *dirNames) of(root *os.Root, dir string) (*numbers, error) {
	if names := n.dirs[dir]; names != nil {
		return names, nil
	}
	names, err := readNames(root, dir)
	if err != nil {
		return nil, err
	}
	if n.dirs == nil {
		n.dirs = map[string]*numbers{}
	}
	if len(n.used) == mostDirs {
		delete(n.dirs, n.used[0])
		n.used = n.used[1:]
	}
	n.dirs[dir], n.used = names, append(n.used, dir)
	return names, nil
}

func readNames(root *os.Root, dir string) (*numbers, error) {
	names := new(numbers)
	f, err := root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for {
		block, err := f.Readdirnames(1024)
		for _, name := range block {
			names.add(digest(fold(name)))
		}
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
