package folder

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

const (
	albumsDir  = "Albums"
	albumsFile = ownDir + "/albums.jsonl"
	linksDir   = ownDir + "/albums" // a file of links for each album
)

// albumRecord is a line of the file of albums. The newest line of an id counts.
type albumRecord struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Dir   string `json:"dir"` // relative to the folder; it is made for the first link
	// Ordered is the size of the file of its links when they were numbered last.
	Ordered int64 `json:"ordered,omitempty"`
}

// linkRecord is a line of the file of an album's links.
type linkRecord struct {
	Name string `json:"name"` // within the directory of the album
	Path string `json:"path"` // of the file, relative to the folder
	// Was is the name of a link that is renamed: a run that is killed may leave it.
	Was string `json:"was,omitempty"`
}

// albums are the albums of a folder. They are used with the mutex of the destination
// held.
type albums struct {
	known []albumRecord // nil until they are read
	// The links of the album that was filled last, by path of the file.
	of     string
	links  map[string]string
	warned bool // that links of another kind are made
}

// read reads the albums, once.
func (a *albums) read(root *os.Root) error {
	if a.known != nil {
		return nil
	}
	all := []albumRecord{}
	err := records(root, albumsFile, func(_ int64, line []byte) {
		var r albumRecord
		if json.Unmarshal(line, &r) == nil && r.ID != "" {
			all = replaced(all, r)
		}
	})
	if err == nil {
		a.known = all
	}
	return err
}

// records calls each for every whole line of a file of the folder's own.
func records(root *os.Root, name string, each func(offset int64, line []byte)) error {
	f, err := regular.OpenIn(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return lines(f, 0, func(offset int64, line []byte) error { each(offset, line); return nil })
}

func replaced(all []albumRecord, r albumRecord) []albumRecord {
	for i := range all {
		if all[i].ID == r.ID {
			all[i] = r
			return all
		}
	}
	return append(all, r)
}

// store makes a record durable.
func (a *albums) store(root *os.Root, r albumRecord) error {
	if err := appendRecords(root, albumsFile, r); err != nil {
		return err
	}
	a.known = replaced(a.known, r)
	return durable.SyncDirIn(root, ownDir)
}

func appendRecords[R any](root *os.Root, name string, all ...R) error {
	var data bytes.Buffer
	for _, r := range all {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		data.Write(append(line, '\n'))
	}
	return appendAt(root, name, -1, data.Bytes())
}

func (a *albums) find(is func(albumRecord) bool) (albumRecord, bool) {
	for _, r := range a.known {
		if is(r) {
			return r, true
		}
	}
	return albumRecord{}, false
}

// dirFor returns the directory for a title: one that no other album has.
func (a *albums) dirFor(title, id string, disk FileSystem) string {
	dir := disk.fit(path.Join(albumsDir, media.SafeName(title)), 0)
	if _, taken := a.find(func(r albumRecord) bool { return r.ID != id && fold(r.Dir) == fold(dir) }); taken {
		return disk.fit(path.Join(albumsDir, media.Distinguish(title, "("+id[:shortMark]+")")), 0)
	}
	return dir
}

// Album implements [station.Albums]. Its directory is made for the first link.
func (d *Destination) Album(ctx context.Context, title string) (id string, err error) {
	err = d.withAlbums(ctx, func(root *os.Root, disk FileSystem) error {
		if r, ok := d.albums.find(func(r albumRecord) bool { return r.Title == title }); ok {
			id = r.ID
			return nil
		}
		id = strings.ToLower(rand.Text())[:16]
		return d.albums.store(root, albumRecord{ID: id, Title: title, Dir: d.albums.dirFor(title, id, disk)})
	})
	return id, err
}

// withAlbums calls f with the albums known and the destination's mutex held.
func (d *Destination) withAlbums(ctx context.Context, f func(root *os.Root, disk FileSystem) error) error {
	op := "keep the albums of the folder " + d.o.Path
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	root, err := d.place.make()
	if err != nil {
		return failure(ctx, op, err)
	}
	disk, err := d.place.fileSystem()
	if err != nil {
		return failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err = d.albums.read(root); err == nil {
		err = f(root, disk)
	}
	return failure(ctx, op, err)
}

// AddToAlbum implements [station.Filer]: the album gets a link to the file of each
// item.
func (d *Destination) AddToAlbum(ctx context.Context, albumID string, members []station.Member) (errs []error, err error) {
	err = d.withAlbums(ctx, func(root *os.Root, _ FileSystem) error {
		errs, err = d.link(ctx, root, albumID, members)
		return err
	})
	return errs, err
}

// link is called with d.mu held.
func (d *Destination) link(ctx context.Context, root *os.Root, albumID string, members []station.Member) ([]error, error) {
	r, ok := d.albums.find(func(r albumRecord) bool { return r.ID == albumID })
	if !ok {
		return nil, &fault.Error{Class: fault.Session, Code: fault.Album, Op: "find the album " + albumID}
	}
	if err := d.loadLinks(root, r); err != nil {
		return nil, err
	}
	disk, err := d.place.fileSystem()
	if err != nil {
		return nil, err
	}
	l := &linking{d: d, root: root, album: r, disk: disk, kind: d.kindIn(disk)}
	errs := make([]error, len(members))
	for i, m := range members {
		if errs[i] = l.add(m); errs[i] != nil {
			errs[i] = failure(ctx, fmt.Sprintf("put %s into the album %q", m.ID, r.Title), errs[i])
		}
	}
	return errs, l.commit()
}

// linksFile is the file of the links of an album.
func linksFile(id string) string { return path.Join(linksDir, id+".jsonl") }

// load reads the links of an album. It returns the former names of those that were
// about to be renamed after the album was numbered last, by path of the file.
func (a *albums) load(root *os.Root, r albumRecord) (was map[string]string, err error) {
	links, was := map[string]string{}, map[string]string{}
	err = records(root, linksFile(r.ID), func(offset int64, line []byte) {
		var l linkRecord
		if json.Unmarshal(line, &l) != nil {
			return
		}
		links[l.Path] = l.Name
		delete(was, l.Path)
		if l.Was != "" && offset >= r.Ordered {
			was[l.Path] = l.Was
		}
	})
	if err == nil {
		a.of, a.links = r.ID, links
	}
	return was, err
}

// RenameAlbum implements [station.Filer]: the links move to a directory of the title.
// What others have put beside them stays where it is.
func (d *Destination) RenameAlbum(ctx context.Context, albumID, title string) error {
	return d.withAlbums(ctx, func(root *os.Root, disk FileSystem) error {
		r, ok := d.albums.find(func(r albumRecord) bool { return r.ID == albumID })
		if !ok {
			return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "find the album " + albumID}
		}
		if err := d.loadLinks(root, r); err != nil {
			return err
		}
		before := r.Dir
		r.Title, r.Dir = title, d.albums.dirFor(title, albumID, disk)
		if err := d.moveLinks(root, before, r.Dir); err != nil {
			return err
		}
		if err := d.albums.store(root, r); err != nil {
			return err
		}
		if before != r.Dir {
			_ = root.Remove(before) // unless something else lies in it
		}
		return nil
	})
}

// moveLinks moves the links that were loaded from one directory to another one, where
// their names are free.
func (d *Destination) moveLinks(root *os.Root, from, to string) error {
	if _, err := root.Lstat(from); from == to || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := root.MkdirAll(to, dirPerm); err != nil {
		return err
	}
	for _, name := range d.albums.links {
		if _, err := root.Lstat(path.Join(to, name)); err == nil {
			continue
		}
		if err := root.Rename(path.Join(from, name), path.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(durable.SyncDirIn(root, to), durable.SyncDirIn(root, from), durable.SyncDirIn(root, albumsDir))
}
