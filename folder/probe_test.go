package folder

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// restricted is a directory that behaves as a file system with fewer abilities. It
// stores a file under the folded name, so that equal names meet.
type restricted struct {
	*os.Root
	is FileSystem
}

func (r restricted) name(op, name string) (string, error) {
	dir, base := path.Split(name)
	for _, c := range base {
		if c > r.is.NameRune || strings.ContainsRune(r.is.Forbidden, c) {
			return "", &fs.PathError{Op: op, Path: name, Err: syscall.EINVAL}
		}
	}
	if len(base) > r.is.NameBytes {
		return "", &fs.PathError{Op: op, Path: name, Err: syscall.ENAMETOOLONG}
	}
	if !r.is.CaseSensitive {
		base = strings.ToLower(base)
	}
	if r.is.Normalizes {
		base = norm.NFD.String(base)
	}
	return dir + base, nil
}

func (r restricted) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	name, err := r.name("open", name)
	if err != nil {
		return nil, err
	}
	return r.Root.OpenFile(name, flag, perm)
}

func (r restricted) Lstat(name string) (fs.FileInfo, error) {
	name, err := r.name("lstat", name)
	if err != nil {
		return nil, err
	}
	return r.Root.Lstat(name)
}

func (r restricted) Symlink(to, name string) error {
	if !r.is.Symlinks {
		return &os.LinkError{Op: "symlink", Old: to, New: name, Err: syscall.ENOSYS}
	}
	return r.Root.Symlink(to, name)
}

func (r restricted) Link(from, name string) error {
	if !r.is.HardLinks {
		return &os.LinkError{Op: "link", Old: from, New: name, Err: syscall.EPERM}
	}
	return r.Root.Link(from, name)
}

func (r restricted) Chtimes(name string, access, modification time.Time) error {
	if r.is.TimeStep == 0 {
		return &fs.PathError{Op: "chtimes", Path: name, Err: syscall.EPERM}
	}
	return r.Root.Chtimes(name, access.Truncate(r.is.TimeStep), modification.Truncate(r.is.TimeStep))
}

func TestProbe(t *testing.T) {
	const all = unicode.MaxRune
	for name, want := range map[string]FileSystem{
		"ext4":  {CaseSensitive: true, Symlinks: true, HardLinks: true, NameBytes: 255, NameRune: all, TimeStep: 1},
		"APFS":  {Normalizes: true, Symlinks: true, HardLinks: true, NameBytes: 255, NameRune: all, TimeStep: 1},
		"HFS+":  {Normalizes: true, Symlinks: true, HardLinks: true, NameBytes: 255, NameRune: all, Forbidden: ":", TimeStep: time.Second},
		"NTFS":  {Symlinks: false, HardLinks: true, NameBytes: 255, NameRune: all, Forbidden: reserved, TimeStep: 100},
		"FAT":   {NameBytes: 255, NameRune: 0xffff, Forbidden: reserved, TimeStep: 2 * time.Second},
		"ASCII": {CaseSensitive: true, NameBytes: 100, NameRune: 0x7f, TimeStep: 10 * time.Millisecond},
		"crypt": {CaseSensitive: true, Symlinks: true, NameBytes: 143, NameRune: all},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			got, err := probe(restricted{openRoot(t, dir), want}, ".")
			if err != nil || got != want {
				t.Errorf("found %v, %v\nwant  %v", got, err, want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

func TestProbeOfAPlaceThatCannotBeWritten(t *testing.T) {
	_, err := Probe(openRoot(t, t.TempDir()), "absent")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("probed a directory that is not there: %v", err)
	}
}
