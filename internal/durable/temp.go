package durable

import (
	"os"
	"path/filepath"
	"strings"
)

const tempSuffix = ".tmp"

// maxBase leaves room for what is added to a file's name, of 255 bytes.
const maxBase = 200

// tempPrefix begins the names of a file's temporary files.
func tempPrefix(target string) string {
	base := filepath.Base(target)
	return "." + base[:min(len(base), maxBase)] + "."
}

// makeTemp makes a temporary file beside target, locked for as long as it is
// open, by which others tell it from one that a killed write left.
func makeTemp(target string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(filepath.Dir(target), tempPrefix(target)+"*"+tempSuffix) // 0600
		if err != nil {
			return nil, err
		}
		lock(f)
		if isAt(f, f.Name()) {
			return f, nil
		}
		f.Close() // taken for a leftover before it was locked
	}
}

func isAt(f *os.File, name string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(mine, there)
}

// Leftovers returns the temporary files that killed writes of the file at path
// left behind.
func Leftovers(path string) (found []string) {
	target, err := resolve(path)
	if err != nil {
		return nil
	}
	dir := filepath.Dir(target)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix(target)) && strings.HasSuffix(e.Name(), tempSuffix) && e.Type().IsRegular() {
			if name := filepath.Join(dir, e.Name()); abandoned(name) {
				found = append(found, name)
			}
		}
	}
	return found
}
