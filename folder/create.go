package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/station"
)

// Create implements [station.Destination]: it gives partial files their names. Those
// are durable, and so is the manifest, when it returns.
func (d *Destination) Create(ctx context.Context, b station.Batch) (out station.BatchResult, err error) {
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	op := "write to the folder " + d.o.Path
	if len(b.Entries) > mostEntries {
		return out, &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: op, Err: fmt.Errorf("%d files at once, of at most %d", len(b.Entries), mostEntries)}
	}
	root, err := d.place.make()
	if err != nil {
		return out, failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.refresh(root); err != nil {
		return out, failure(ctx, op, err)
	}
	c := &creation{d: d, ctx: ctx, root: root, session: b.Session, dirs: map[string]bool{}}
	for _, e := range b.Entries {
		out.Results = append(out.Results, c.register(e))
	}
	err = c.commit()
	if err == nil && b.AlbumID != "" {
		err = c.file(b, out.Results)
	}
	if err != nil {
		return station.BatchResult{}, failure(ctx, op, err)
	}
	return out, nil
}

// file puts the files of a batch into its album. One that cannot be is not created:
// the call is repeated for it, and finds the file where it lies.
func (c *creation) file(b station.Batch, results []station.Result) error {
	if err := c.d.albums.read(c.root); err != nil {
		return err
	}
	var members []station.Member
	var at []int
	for i, r := range results {
		if r.Err == nil {
			members, at = append(members, station.Member{ID: r.ID, Item: b.Entries[i].Item}), append(at, i)
		}
	}
	errs, err := c.d.link(c.ctx, c.root, b.AlbumID, members)
	for i, failed := range errs {
		if failed != nil {
			results[at[i]] = station.Result{Err: failed}
		}
	}
	return err
}

// creation is one call of Create. It is made with d.mu held.
type creation struct {
	d       *Destination
	ctx     context.Context
	root    *os.Root
	session string

	placed []*Entry
	dirs   map[string]bool // that have new names
	ended  error           // what ends the run: nothing more is placed
}

// register places one file.
func (c *creation) register(e station.Entry) station.Result {
	if c.ended != nil {
		return station.Result{Err: c.ended}
	}
	id, err := c.place(e)
	if err != nil {
		err = failure(c.ctx, "put "+e.Item.BaseName()+" into the folder "+c.d.o.Path, err)
	}
	if err != nil && fault.ClassOf(err) == fault.Session {
		c.ended = err
	}
	return station.Result{ID: id, Err: err}
}

// place returns the path under which the file of an entry lies, which may be there
// already from an earlier call whose answer was lost.
func (c *creation) place(e station.Entry) (string, error) {
	key := e.Item.LedgerKey()
	known, err := c.d.manifest.ofKey(c.root, key)
	if err != nil {
		return "", err
	}
	at := c.d.o.Layout.Path(e.Item, c.d.o.Zone)
	if known != nil {
		state, err := look(c.root, known)
		switch {
		case err != nil:
			return "", err
		case state != gone && known.SHA256 == e.Receipt.SHA256:
			c.discard(e.Receipt.Token)
			return known.Path, nil
		case state == gone:
			at = known.Path // a name once given stays
		}
	}
	if c.pending(key) {
		return "", &fault.Error{Class: fault.Transient, Code: fault.Duplicate, Op: "put " + at + " into the folder twice at once"}
	}
	disk, err := c.d.place.fileSystem()
	if err != nil {
		return "", err
	}
	for _, name := range candidates(at, key, e.Item.Version, disk) {
		placed, err := c.tryName(name, key, e)
		if placed || err != nil {
			return name, err
		}
	}
	return "", &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "find a free name for " + at}
}

// pending reports whether the call has placed a file of this item already.
func (c *creation) pending(key string) bool {
	for _, e := range c.placed {
		if e.Key == key {
			return true
		}
	}
	return false
}

// tryName gives the file a name, if it is free or the file lies under it already.
func (c *creation) tryName(name, key string, e station.Entry) (placed bool, err error) {
	taken, err := c.taken(name, key)
	if taken || err != nil {
		return false, err
	}
	exists, err := c.d.names.has(c.root, name)
	if err != nil {
		return false, err
	}
	if !exists {
		err = c.move(name, e)
		switch {
		case err == nil:
			return true, c.note(name, key, e)
		case !errors.Is(err, fs.ErrExist):
			return false, err
		}
	}
	same, err := c.holds(name, e.Receipt)
	if !same || err != nil {
		return false, err
	}
	c.discard(e.Receipt.Token)
	return true, c.note(name, key, e)
}

// taken reports whether a name is another item's, be its file there or not.
func (c *creation) taken(name, key string) (bool, error) {
	for _, e := range c.placed {
		if fold(e.Path) == fold(name) {
			return true, nil
		}
	}
	e, err := c.d.manifest.atPath(c.root, name)
	return e != nil && e.Key != key, err
}

// holds reports whether the bytes of a receipt lie under a name.
func (c *creation) holds(name string, r station.Receipt) (bool, error) {
	f, err := regular.OpenIn(c.root, name)
	if err != nil {
		return false, nil // something else is in the way, or it bears the name in another case
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != r.Size {
		return false, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return false, err
	}
	return hex.EncodeToString(sum.Sum(nil)) == r.SHA256, nil
}

// move gives the partial file of an entry its name.
func (c *creation) move(name string, e station.Entry) error {
	partial, err := c.partialOf(e)
	if err != nil {
		return err
	}
	if err := c.makeDir(path.Dir(name)); err != nil {
		return err
	}
	if at := e.Item.CapturedAt; !at.IsZero() {
		if err := c.root.Chtimes(partial, at, at); err != nil {
			c.d.o.Logger.Warn("a file keeps the time at which it was written", "file", name, "error", err)
		}
	}
	if err := rename(c.root, partial, name); err != nil {
		return err
	}
	c.d.names.add(name)
	return nil
}

// partialOf returns the path of the partial file of an entry.
func (c *creation) partialOf(e station.Entry) (string, error) {
	lost := &fault.Error{Class: fault.Item, Code: fault.TokenInvalid, Op: "find the bytes of " + e.Item.BaseName()}
	if !isPartial(e.Receipt.Token) {
		return "", lost
	}
	partial := partialDir + "/" + e.Receipt.Token
	info, err := c.root.Lstat(partial)
	switch {
	case err == nil && info.Mode().IsRegular() && info.Size() == e.Receipt.Size:
		return partial, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	// A power cut may have undone the last name of a file whose bytes were synced.
	begun := partialDir + "/" + begunName(e.Item.LedgerKey())
	if same, err := c.holds(begun, e.Receipt); same || err != nil {
		return begun, err
	}
	return "", lost
}

// makeDir makes a directory and notes which names have to be made durable.
func (c *creation) makeDir(dir string) error {
	c.dirs[dir] = true
	if c.d.synced[dir] {
		return nil
	}
	if err := c.root.MkdirAll(dir, dirPerm); err != nil {
		return err
	}
	for at := dir; at != "."; at = path.Dir(at) {
		c.dirs[path.Dir(at)] = true
	}
	return nil
}

// note prepares the line of a file that lies under its name.
func (c *creation) note(name, key string, e station.Entry) error {
	info, err := c.root.Lstat(name)
	if err != nil {
		return err
	}
	sidecar, err := c.d.promise(c.root, name)
	if err != nil {
		return err
	}
	c.dirs[path.Dir(name)] = true
	c.placed = append(c.placed, &Entry{
		Path: name, Key: key, Station: e.Item.ID.Station, Origin: e.Item.ID.Origin, Name: e.Item.BaseName(),
		Size: e.Receipt.Size, SHA256: e.Receipt.SHA256, Captured: e.Item.CapturedAt.UTC(), ModTime: info.ModTime().UTC(),
		Session: c.session, At: time.Now().UTC(), Version: e.Item.Version, Sidecar: sidecar,
	})
	return nil
}

// discard removes a partial file whose bytes lie elsewhere.
func (c *creation) discard(token string) {
	if isPartial(token) {
		_ = c.root.Remove(partialDir + "/" + token)
	}
}

// commit makes names, then lines, durable.
func (c *creation) commit() error {
	if len(c.placed) == 0 {
		return nil
	}
	for dir := range c.dirs {
		if err := durable.SyncDirIn(c.root, dir); err != nil {
			return err
		}
	}
	for dir := range c.dirs {
		c.d.synced[dir] = true
	}
	return c.d.manifest.add(c.root, c.placed)
}
