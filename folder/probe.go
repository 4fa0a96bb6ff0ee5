package folder

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FileSystem is what the file system of a directory takes, as found by trying.
type FileSystem struct {
	CaseSensitive bool // "a" and "A" are two names
	Normalizes    bool // a name in NFC and the same in NFD are one
	Symlinks      bool
	HardLinks     bool
	NameBytes     int           // of the longest name, in UTF-8; at most 255
	NameRune      rune          // the highest one that names hold: 0x7f, 0xffff or unicode.MaxRune
	Forbidden     string        // of the characters that Windows reserves
	TimeStep      time.Duration // of times of modification; 0 if they cannot be set
}

// String describes the file system in a line.
func (f FileSystem) String() string {
	words := []string{fmt.Sprintf("names of %d bytes up to %U", f.NameBytes, f.NameRune), fmt.Sprintf("times in steps of %v", f.TimeStep)}
	for word, is := range map[string]bool{
		"case-sensitive": f.CaseSensitive, "normalizing": f.Normalizes, "symbolic links": f.Symlinks, "hard links": f.HardLinks,
		"no " + f.Forbidden + " in names": f.Forbidden != "",
	} {
		if is {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// Probe finds out what the file system of a directory takes. It tries it in a
// directory of its own below dir, which it removes. It fails where dir cannot be
// written.
func Probe(root *os.Root, dir string) (FileSystem, error) { return probe(root, dir) }

// tree is what a probe needs of an [os.Root].
type tree interface {
	Mkdir(name string, perm fs.FileMode) error
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	Lstat(name string) (fs.FileInfo, error)
	Symlink(to, name string) error
	Link(from, name string) error
	Chtimes(name string, access, modification time.Time) error
	RemoveAll(name string) error
}

// probePrefix begins the names of directories in which a file system is tried.
const probePrefix = ".probe-"

func probe(root tree, dir string) (found FileSystem, err error) {
	at := dir + "/" + probePrefix + strings.ToLower(rand.Text()[:8])
	if err := root.Mkdir(at, dirPerm); err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, root.RemoveAll(at)) }()
	p := trial{root, at + "/"}
	if err := p.create("probe"); err != nil {
		return found, err
	}
	return FileSystem{
		CaseSensitive: !p.has("PROBE"),
		Normalizes:    p.takes("\u00e9") && p.has(norm.NFD.String("\u00e9")),
		Symlinks:      p.symlinks(),
		HardLinks:     p.hardLinks(),
		NameBytes:     p.longestName(),
		NameRune:      p.highestRune(),
		Forbidden:     p.forbidden(),
		TimeStep:      p.timeStep(),
	}, nil
}

// trial is a directory in which a file system is tried. The file "probe" lies in it.
type trial struct {
	root tree
	at   string // with a slash at its end
}

func (p trial) create(name string) error {
	f, err := p.root.OpenFile(p.at+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return err
	}
	return f.Close()
}

func (p trial) has(name string) bool {
	_, err := p.root.Lstat(p.at + name)
	return err == nil
}

// takes reports whether a file can bear a name.
func (p trial) takes(name string) bool { return p.create(name) == nil && p.has(name) }

func (p trial) symlinks() bool {
	if p.root.Symlink("probe", p.at+"symlink") != nil {
		return false
	}
	info, err := p.root.Lstat(p.at + "symlink")
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func (p trial) hardLinks() bool {
	if p.root.Link(p.at+"probe", p.at+"hardlink") != nil {
		return false
	}
	a, err := p.root.Lstat(p.at + "probe")
	b, err2 := p.root.Lstat(p.at + "hardlink")
	return err == nil && err2 == nil && os.SameFile(a, b)
}

// longestName tries the limits of common file systems: 255, and 143 for eCryptfs.
func (p trial) longestName() int {
	const shortest = 64
	for _, n := range []int{255, 240, 200, 143, 100} {
		if p.takes(strings.Repeat("n", n)) {
			return n
		}
	}
	return shortest
}

func (p trial) highestRune() rune {
	switch {
	case p.takes("\U0001f600"):
		return unicode.MaxRune
	case p.takes("\u65e5"):
		return '\uffff'
	}
	return unicode.MaxASCII
}

// reserved are the characters that Windows and its file systems refuse in names.
const reserved = `<>:"\|?*`

func (p trial) forbidden() string {
	return strings.Map(func(r rune) rune {
		if p.takes("r" + string(r)) {
			return -1
		}
		return r
	}, reserved)
}

// timeSteps are those in which file systems keep times of modification.
var timeSteps = []time.Duration{
	time.Nanosecond, 100 * time.Nanosecond, time.Microsecond, time.Millisecond, 10 * time.Millisecond, time.Second, 2 * time.Second,
}

func (p trial) timeStep() time.Duration {
	want := time.Date(2001, 2, 3, 4, 5, 7, 987654321, time.UTC)
	if p.root.Chtimes(p.at+"probe", want, want) != nil {
		return 0
	}
	info, err := p.root.Lstat(p.at + "probe")
	if err != nil {
		return 0
	}
	for _, step := range timeSteps {
		if want.Sub(info.ModTime()).Abs() < step {
			return step
		}
	}
	return 0
}
