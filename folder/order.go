package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/internal/durable"
)

// OrderAlbums implements [station.Orderer]: it numbers the links of the albums that
// have changed since they were numbered last. An album that has not costs a look at
// the size of its record.
func (d *Destination) OrderAlbums(ctx context.Context) error {
	if !d.o.AlbumOrder {
		return nil
	}
	return d.withAlbums(ctx, func(root *os.Root, disk FileSystem) error {
		if err := d.manifest.refresh(root); err != nil {
			return err
		}
		for _, r := range slices.Clone(d.albums.known) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := d.order(root, disk, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// order numbers the links of an album. What is to be renamed is recorded before, so
// that a run that is killed is completed by the next one.
func (d *Destination) order(root *os.Root, disk FileSystem, r albumRecord) error {
	size, err := recorded(root, r.ID)
	if size == r.Ordered || err != nil {
		return err
	}
	if err := d.loadLinks(root, r); err != nil {
		return err
	}
	there, err := exists(root, r.Dir)
	if err != nil {
		return err
	}
	if there {
		links, err := d.albums.byCapture(root, &d.manifest)
		if err != nil {
			return err
		}
		m := newMover(d, root, r)
		if err := m.plan(links, disk); err != nil {
			return err
		}
		if err := m.record(); err != nil {
			return err
		}
		if err := m.run(); err != nil {
			d.albums.of = "" // it is read again
			return err
		}
	}
	if r.Ordered, err = recorded(root, r.ID); err != nil {
		return err
	}
	return d.albums.store(root, r)
}

// recorded returns the size of the file of an album's links, which only grows; 0 if
// there is none.
func recorded(root *os.Root, id string) (int64, error) {
	info, err := root.Stat(linksFile(id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// byCapture returns the paths of the files of the links that were loaded, by capture
// time and path.
func (a *albums) byCapture(root *os.Root, m *manifest) ([]string, error) {
	type file struct {
		path string
		at   time.Time
	}
	f, err := openManifest(root)
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	files := make([]file, 0, len(a.links))
	for p := range a.links {
		e, err := m.newest(f, &m.byPath, fold(p), samePath(p))
		if err != nil {
			return nil, err
		}
		taken := file{path: p}
		if e != nil {
			taken.at = e.Captured
			if taken.at.IsZero() {
				taken.at = e.ModTime
			}
		}
		files = append(files, taken)
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.path, b.path)) })
	paths := make([]string, len(files))
	for i := range files {
		paths[i] = files[i].path
	}
	return paths, nil
}

// mover gives links of an album other names.
type mover struct {
	d     *Destination
	root  *os.Root
	album albumRecord
	moves []*move
	from  map[string]*move // by folded present name
	// resumed says that links may bear their new names already.
	resumed bool
	undone  []linkRecord
}

// move is a link that gets another name.
type move struct {
	path, now, to string
	state         moveState
}

type moveState int

const (
	waiting moveState = iota
	moving            // or waiting for the link that bears its name
	moved
)

func newMover(d *Destination, root *os.Root, r albumRecord) *mover {
	return &mover{d: d, root: root, album: r, from: map[string]*move{}}
}

func (m *mover) add(l *move) {
	m.moves = append(m.moves, l)
	m.from[fold(l.now)] = l
}

// leastDigits are those of the number of a link.
const leastDigits = 4

// plan numbers the links to files in the order that is given.
func (m *mover) plan(files []string, disk FileSystem) error {
	digits := max(leastDigits, len(strconv.Itoa(len(files))))
	all := make([]*move, len(files))
	for i, file := range files {
		all[i] = &move{path: file, now: m.d.albums.links[file]}
		m.from[fold(all[i].now)] = all[i]
	}
	for i, l := range all {
		number := fmt.Sprintf("%0*d_", digits, i+1)
		for _, l.to = range candidates(number+path.Base(l.path), l.path, "", disk) {
			free, err := m.free(l)
			if err != nil {
				return err
			}
			if free {
				break
			}
			l.to = l.now // others bear the name
		}
	}
	clear(m.from)
	for _, l := range all {
		if l.to != l.now {
			m.add(l)
		}
	}
	return nil
}

// free reports whether only links of the album bear the new name of one.
func (m *mover) free(l *move) (bool, error) {
	if m.from[fold(l.to)] != nil {
		return true, nil
	}
	taken, err := exists(m.root, path.Join(m.album.Dir, l.to))
	return !taken, err
}

// record makes durable what is going to be renamed.
func (m *mover) record() error {
	lines := make([]linkRecord, len(m.moves))
	for i, l := range m.moves {
		lines[i] = linkRecord{Name: l.to, Path: l.path, Was: l.now}
	}
	return m.append(lines)
}

func (m *mover) append(lines []linkRecord) error {
	if err := appendRecords(m.root, linksFile(m.album.ID), lines...); err != nil {
		return err
	}
	for _, l := range lines {
		m.d.albums.links[l.Path] = l.Name
	}
	return nil
}

// run renames the links.
func (m *mover) run() error {
	if len(m.moves) == 0 {
		return nil
	}
	for _, l := range m.moves {
		if l.state == waiting {
			if err := m.move(l); err != nil {
				return err
			}
		}
	}
	return errors.Join(durable.SyncDirIn(m.root, m.album.Dir), m.append(m.undone))
}

// aside is the name of a link that waits for a name which, through others, waits for
// that of the link itself.
func (l *move) aside() string { return "." + l.to }

// move renames a link after the one that bears its new name.
func (m *mover) move(l *move) error {
	l.state = moving
	defer func() { l.state = moved }()
	other := m.from[fold(l.to)]
	switch {
	case other == nil || other == l || other.state == moved:
	case other.state == waiting:
		if err := m.move(other); err != nil {
			return err
		}
	default:
		if err := m.rename(other, other.aside()); err != nil {
			return err
		}
	}
	return m.rename(l, l.to)
}

// rename renames a link, if it is there. One whose new name another program has taken
// meanwhile keeps the one that it has.
func (m *mover) rename(l *move, to string) error {
	from, err := m.find(l)
	if from == "" || from == to || err != nil {
		return err
	}
	err = rename(m.root, path.Join(m.album.Dir, from), path.Join(m.album.Dir, to))
	switch {
	case errors.Is(err, fs.ErrExist):
		m.undone = append(m.undone, linkRecord{Name: from, Path: l.path})
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		l.now = to
	}
	return err
}

// find returns the present name of a link; "" if it has none, or one that needs no
// change.
func (m *mover) find(l *move) (string, error) {
	if m.resumed {
		if done, err := m.bears(l.to, l.path); done || err != nil {
			return "", err
		}
		if there, err := m.bears(l.aside(), l.path); there || err != nil {
			return l.aside(), err
		}
	}
	there, err := m.bears(l.now, l.path)
	if !there || err != nil {
		return "", err
	}
	return l.now, nil
}

// bears reports whether a name is that of the link to a file. What is no symbolic link
// is taken for it by its name, unless the name may be another link's.
func (m *mover) bears(name, file string) (bool, error) {
	found, leads, err := leadsTo(m.root, path.Join(m.album.Dir, name), file)
	switch {
	case found == nil:
		return leads, err
	case !found.Mode().IsRegular() || !m.resumed:
		return found.Mode().IsRegular(), nil
	}
	info, err := m.root.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	l := &linking{d: m.d, root: m.root, album: m.album}
	return l.holds(name, file, info)
}

// loadLinks reads the links of an album, and renames those that a run which was killed
// has recorded and not renamed.
func (d *Destination) loadLinks(root *os.Root, r albumRecord) error {
	if d.albums.of == r.ID {
		return nil
	}
	was, err := d.albums.load(root, r)
	if len(was) == 0 || err != nil {
		return err
	}
	m := newMover(d, root, r)
	m.resumed = true
	for file, name := range was {
		m.add(&move{path: file, now: name, to: d.albums.links[file]})
	}
	if there, err := exists(root, r.Dir); !there || err != nil {
		return err
	}
	if err = m.run(); err != nil {
		d.albums.of = "" // it is read again
	}
	return err
}
