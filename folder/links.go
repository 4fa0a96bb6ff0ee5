package folder

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/station"
)

// Links says what the files in albums are.
type Links string

// The kinds of links. Where the file system has none of a kind, the next one is taken.
const (
	Symlinks  Links = "symlink" // relative symbolic links; the default
	Hardlinks Links = "hardlink"
	Copies    Links = "copy"
)

// ParseLinks returns the kind that a word names; "" names the default.
func ParseLinks(word string) (Links, error) {
	switch l := Links(word); l {
	case "":
		return Symlinks, nil
	case Symlinks, Hardlinks, Copies:
		return l, nil
	}
	return "", fmt.Errorf("links %q: symlink, hardlink or copy is expected", word)
}

// linking puts links into one album.
type linking struct {
	d     *Destination
	root  *os.Root
	album albumRecord
	disk  FileSystem
	kind  Links
	made  []linkRecord
}

// add puts a link to the file of an item into the album, unless it is there.
func (l *linking) add(m station.Member) error {
	info, err := l.root.Lstat(m.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.Mode().IsRegular():
		return &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "find " + m.ID}
	case err != nil:
		return err
	}
	if name := l.d.albums.links[m.ID]; name != "" {
		if same, err := l.holds(name, m.ID, info); same || err != nil {
			return err
		}
	}
	if err := l.root.MkdirAll(l.album.Dir, dirPerm); err != nil {
		return err
	}
	for _, name := range candidates(path.Base(m.ID), m.ID, "", l.disk) {
		err := l.make(name, m.ID, info)
		if errors.Is(err, fs.ErrExist) {
			same, err := l.holds(name, m.ID, info)
			if err != nil {
				return err
			}
			if !same {
				continue
			}
		} else if err != nil {
			return err
		}
		l.d.albums.links[m.ID] = name
		l.made = append(l.made, linkRecord{Name: name, Path: m.ID})
		return nil
	}
	return &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "find a free name for a link to " + m.ID}
}

// target returns what a symbolic link in the album has to say to lead to a file.
func target(name string) string { return "../../" + name }

// leadsTo reports whether a symbolic link leads to a file. What is there and is no
// symbolic link is found; nil otherwise.
func leadsTo(root *os.Root, at, file string) (found fs.FileInfo, leads bool, err error) {
	found, err = root.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case found.Mode()&fs.ModeSymlink == 0:
		return found, false, nil
	}
	to, err := root.Readlink(at)
	return nil, to == target(file), err
}

// holds reports whether a name in the album is a link to a file, or a copy of it.
func (l *linking) holds(name, file string, info fs.FileInfo) (bool, error) {
	at := path.Join(l.album.Dir, name)
	found, leads, err := leadsTo(l.root, at, file)
	switch {
	case found == nil:
		return leads, err
	case os.SameFile(found, info):
		return true, nil
	case !found.Mode().IsRegular() || found.Size() != info.Size():
		return false, nil
	}
	return l.equal(at, file)
}

// equal reports whether two files have the same bytes.
func (l *linking) equal(a, b string) (bool, error) {
	var sums [2][sha256.Size]byte
	for i, name := range []string{a, b} {
		f, err := regular.OpenIn(l.root, name)
		if err != nil {
			return false, err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return false, err
		}
		sums[i] = [sha256.Size]byte(sum.Sum(nil))
	}
	return sums[0] == sums[1], nil
}

// make makes a link to a file.
func (l *linking) make(name, file string, info fs.FileInfo) error {
	at := path.Join(l.album.Dir, name)
	switch l.kind {
	case Symlinks:
		return l.root.Symlink(target(file), at)
	case Hardlinks:
		return l.root.Link(file, at)
	}
	return l.copy(at, file, info)
}

// kindIn returns the kind of links that a file system has in place of the one that is
// asked for, and says so once.
func (d *Destination) kindIn(disk FileSystem) Links {
	kind := d.o.Links
	if kind == Symlinks && !disk.Symlinks {
		kind = Hardlinks
	}
	if kind == Hardlinks && !disk.HardLinks {
		kind = Copies
	}
	if kind != d.o.Links && !d.albums.warned {
		d.albums.warned = true
		d.o.Logger.Warn("the file system of the folder has no links of the kind that albums ask for; others take their place",
			"asked", string(d.o.Links), "instead", string(kind))
	}
	return kind
}

// copy copies a file, with its time. The copy appears when it is whole.
func (l *linking) copy(at, file string, info fs.FileInfo) error {
	if _, err := l.root.Lstat(at); err == nil {
		return fs.ErrExist
	}
	in, err := regular.OpenIn(l.root, file)
	if err != nil {
		return err
	}
	defer in.Close()
	temp := path.Join(partialDir, strings.ToLower(rand.Text())+".tmp")
	out, err := l.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, filePerm)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = l.root.Chtimes(temp, info.ModTime(), info.ModTime())
	}
	if err == nil {
		err = rename(l.root, temp, at)
	}
	if err != nil {
		_ = l.root.Remove(temp)
	}
	return err
}

// commit makes the links durable, then what is recorded of them.
func (l *linking) commit() error {
	if len(l.made) == 0 {
		return nil
	}
	if err := l.root.MkdirAll(linksDir, dirPerm); err != nil {
		return err
	}
	return errors.Join(
		durable.SyncDirIn(l.root, l.album.Dir), durable.SyncDirIn(l.root, albumsDir), durable.SyncDirIn(l.root, "."),
		appendRecords(l.root, linksFile(l.album.ID), l.made...),
		durable.SyncDirIn(l.root, linksDir),
	)
}
