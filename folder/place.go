package folder

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
)

// The names in a folder that are Gondola's own.
const (
	ownDir     = ".gondola"
	markerFile = ownDir + "/folder.json"
	lockFile   = ownDir + "/lock"
	partialDir = ownDir + "/partial"

	manifestFile = ownDir + "/manifest.jsonl"
	sumsFile     = ownDir + "/SHA256SUMS"
)

const (
	dirPerm  = 0o755 // before the umask
	filePerm = 0o644
)

// place is the directory of a folder. Nothing is reached but through its root. It
// is opened when it is first used, and made by make alone.
type place struct {
	path string

	mu   sync.Mutex // guards what follows
	root *os.Root
	id   string      // "" until it is read or made up
	new  bool        // id is made up and nothing is written yet
	disk *FileSystem // nil until it is probed
}

// open returns the root of a directory that exists.
func (p *place) open() (*os.Root, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened()
}

// opened is called with p.mu held.
func (p *place) opened() (*os.Root, error) {
	if p.root != nil {
		return p.root, nil
	}
	root, err := os.OpenRoot(p.path)
	if err == nil {
		p.root = root
	}
	return root, err
}

// errMoved is the error of a directory that is open and no longer at its path.
var errMoved = errors.New("it is no longer there: its disk was unmounted, or the directory was moved or removed")

// make makes the directory and what it holds of its own, if need be. One that was
// opened before is neither made again nor written to if its path leads elsewhere.
func (p *place) make() (*os.Root, error) {
	id, err := p.identity()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.root != nil {
		err = p.stays()
	} else {
		err = os.MkdirAll(p.path, dirPerm)
	}
	if err != nil {
		return nil, err
	}
	root, err := p.opened()
	if err != nil {
		return nil, err
	}
	if err := root.MkdirAll(partialDir, dirPerm); err != nil {
		return nil, err
	}
	if err := mark(root, id); err != nil {
		return nil, err
	}
	p.new = false
	return root, nil
}

// stays returns an error if the path leads to another directory than the open one.
func (p *place) stays() error {
	there, err := os.Stat(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	ours, err := p.root.Stat(".")
	if err == nil && !os.SameFile(there, ours) {
		err = errMoved
	}
	return err
}

// marker is the content of the marker file.
type marker struct {
	ID string `json:"id"`
}

// mark writes the marker file, unless there is one.
func mark(root *os.Root, id string) error {
	if _, err := root.Lstat(markerFile); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := json.Marshal(marker{id})
	if err != nil {
		return err
	}
	if err := replace(root, markerFile, func(w io.Writer) error { _, err := w.Write(append(data, '\n')); return err }); err != nil {
		return err
	}
	return durable.SyncDirIn(root, ".")
}

// identity returns the id of the folder: the one in its marker file, or one that
// make will write there.
func (p *place) identity() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.id != "" {
		return p.id, nil
	}
	root, err := p.opened()
	if err == nil {
		p.id, err = readMarker(root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		p.id, p.new, err = strings.ToLower(rand.Text())[:16], true, nil
	}
	return p.id, err
}

const mostMarker = 4 << 10

func readMarker(root *os.Root) (string, error) {
	f, err := regular.OpenIn(root, markerFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var m marker
	if err := json.NewDecoder(io.LimitReader(f, mostMarker)).Decode(&m); err != nil || m.ID == "" {
		return "", fmt.Errorf("%s is damaged: it holds no id (%w)", markerFile, err)
	}
	return m.ID, nil
}

// replace replaces a file of the folder's own, so that a crash leaves the old
// content or the new one.
func replace(root *os.Root, name string, write func(io.Writer) error) error {
	temp := path.Dir(name) + "/." + path.Base(name) + "." + rand.Text()[:8] + ".tmp"
	err := writeNew(root, temp, write)
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		_ = root.Remove(temp)
		return err
	}
	return durable.SyncDirIn(root, path.Dir(name))
}

// fileSystem returns what the file system of the folder takes. It is tried once, when
// it is first asked for, after make.
func (p *place) fileSystem() (FileSystem, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.disk != nil {
		return *p.disk, nil
	}
	root, err := p.opened()
	if err != nil {
		return FileSystem{}, err
	}
	found, err := Probe(root, ownDir)
	if err == nil {
		p.disk = &found
	}
	return found, err
}

// writeNew writes a file that is not there yet, and syncs it.
func writeNew(root *os.Root, name string, write func(io.Writer) error) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// close lets go of the directory.
func (p *place) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.root == nil {
		return nil
	}
	err := p.root.Close()
	p.root = nil
	return err
}
