package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/station"
)

// Sidecar is the format of the files beside photos and videos that hold what their
// source knows of them: NAME.EXT.xmp or NAME.EXT.json.
type Sidecar string

// The formats. The zero Sidecar is NoSidecar.
const (
	NoSidecar   Sidecar = "none"
	XMPSidecar  Sidecar = "xmp"
	JSONSidecar Sidecar = "json"
)

// ParseSidecar parses the name of a format; "" is NoSidecar.
func ParseSidecar(name string) (Sidecar, error) {
	switch s := Sidecar(strings.ToLower(name)); s {
	case "":
		return NoSidecar, nil
	case NoSidecar, XMPSidecar, JSONSidecar:
		return s, nil
	}
	return "", fmt.Errorf("sidecar %q: want none, xmp or json", name)
}

// path returns the path of the sidecar of a file.
func (s Sidecar) path(name string) string { return name + "." + string(s) }

// Annotates implements [station.Annotator].
func (d *Destination) Annotates() bool { return d.o.Sidecar != NoSidecar }

// Undescribed implements [station.Annotator]: it looks for the files and their
// sidecars. A file whose line promises none counts as undescribed, too.
func (d *Destination) Undescribed(ctx context.Context, ids []string) ([]bool, error) {
	op := "look for sidecars in the folder " + d.o.Path
	missing := make([]bool, len(ids))
	root, err := d.place.open()
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.refresh(root); err != nil {
		return nil, failure(ctx, op, err)
	}
	for i, id := range ids {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if missing[i], err = d.undescribed(root, id); err != nil {
			return nil, failure(ctx, op, err)
		}
	}
	return missing, nil
}

func (d *Destination) undescribed(root *os.Root, id string) (bool, error) {
	e, err := d.manifest.atPath(root, id)
	if e == nil || e.Path != id || err != nil {
		return false, err
	}
	if there, err := exists(root, id); !there || err != nil {
		return false, err
	}
	there, err := exists(root, d.o.Sidecar.path(id))
	return !there || e.Sidecar != d.o.Sidecar, err
}

func exists(root *os.Root, name string) (bool, error) {
	_, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Annotate implements [station.Annotator]: it writes the sidecars, and notes in the
// manifest which files have one.
func (d *Destination) Annotate(ctx context.Context, notes []station.Note) error {
	op := "write sidecars to the folder " + d.o.Path
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(notes) > mostEntries {
		return &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: op, Err: fmt.Errorf("%d at once, of at most %d", len(notes), mostEntries)}
	}
	root, err := d.place.make()
	if err != nil {
		return failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.refresh(root); err != nil {
		return failure(ctx, op, err)
	}
	a := &annotation{d: d, root: root, dirs: map[string]bool{}}
	for i := range notes {
		if err := a.write(&notes[i]); err != nil {
			return failure(ctx, op, err)
		}
	}
	return failure(ctx, op, a.commit())
}

// annotation is one call of Annotate. It is made with d.mu held.
type annotation struct {
	d        *Destination
	root     *os.Root
	dirs     map[string]bool // that have new names
	promised []*Entry        // lines of files that have a sidecar now
}

// write writes a sidecar, unless one is there or its file is not.
func (a *annotation) write(n *station.Note) error {
	e, err := a.d.manifest.atPath(a.root, n.ID)
	if e == nil || e.Path != n.ID || err != nil {
		return err
	}
	format := a.d.o.Sidecar
	name := format.path(e.Path)
	there, err := exists(a.root, name)
	if err != nil {
		return err
	}
	if !there {
		content, err := sidecarOf(format, e, n, a.d.o.Zone)
		if err == nil {
			err = a.create(name, content)
		}
		if err != nil {
			return err
		}
	}
	if e.Sidecar != format {
		line := *e
		line.Sidecar = format
		a.promised = append(a.promised, &line)
	}
	return nil
}

// create writes a file that appears under its name when it is whole and synced. A
// file that came to lie there meanwhile stays.
func (a *annotation) create(name string, content []byte) error {
	temp := ownDir + "/" + strings.ToLower(rand.Text()[:16]) + ".tmp"
	err := writeNew(a.root, temp, func(w io.Writer) error { _, err := w.Write(content); return err })
	if err == nil {
		err = rename(a.root, temp, name)
	}
	if err != nil {
		_ = a.root.Remove(temp)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	a.dirs[path.Dir(name)] = true
	a.d.names.add(name)
	return nil
}

// commit makes names, then lines, durable.
func (a *annotation) commit() error {
	for dir := range a.dirs {
		if err := durable.SyncDirIn(a.root, dir); err != nil {
			return err
		}
	}
	return a.d.manifest.add(a.root, a.promised)
}

// promise returns the format of the sidecar that the file of a path is to have: the
// one that is asked for, or else the one that it has had.
func (d *Destination) promise(root *os.Root, name string) (Sidecar, error) {
	if d.Annotates() {
		return d.o.Sidecar, nil
	}
	e, err := d.manifest.atPath(root, name)
	if e == nil || err != nil {
		return "", err
	}
	return e.Sidecar, nil
}

// sidecarOf returns the content of a sidecar: the one that lies beside the file at
// its source, or else what is known of the item.
func sidecarOf(format Sidecar, e *Entry, n *station.Note, zone *time.Location) ([]byte, error) {
	if content := n.Description.Sidecars[string(format)]; len(content) > 0 {
		return content, nil
	}
	if format == JSONSidecar {
		return jsonSidecar(e, n)
	}
	return xmpSidecar(e, n, zone), nil
}
