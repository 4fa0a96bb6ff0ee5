package folder

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Scheme is the scheme of the URIs of folders.
const Scheme = "folder"

// DestinationOptions configure a [Destination]. Path is required.
type DestinationOptions struct {
	Path   string         // of the directory, which is made if it is not there
	Name   string         // of the station; "" stands for "folder:" and the path
	Layout Layout         // the zero Layout is DefaultLayout
	Zone   *time.Location // in which capture times are laid out; nil for the system's
	// Interval is how many bytes of a file may be lost by a crash: so often its
	// partial file is synced and a checkpoint is saved; 0 for 8 MiB.
	Interval int64
	Sidecar  Sidecar // what is kept beside each file; "" for NoSidecar
	// Deep says that Inspect reads every byte again, instead of looking at the size
	// and the time.
	Deep  bool
	Links Links // what the files in albums are; "" for Symlinks
	// AlbumOrder has OrderAlbums number the links of albums by capture time.
	AlbumOrder bool
	Logger     *slog.Logger // nil discards
}

const (
	defaultInterval = 8 << 20
	mostEntries     = 50 // of a batch
)

// Destination is a folder that media are carried into. It implements
// [station.Destination], [station.Recaller], [station.Locker], [station.Arranger], [station.Annotator],
// [station.Filer], [station.Orderer], [station.Meter] and [station.Forecaster].
type Destination struct {
	o       DestinationOptions
	place   *place
	written atomic.Int64 // files

	uploading sync.Map // names of the partial files that are written to

	mu       sync.Mutex // guards what follows
	manifest manifest
	names    dirNames
	synced   map[string]bool // directories whose own names are durable
	albums   albums
}

// NewDestination returns a folder. It touches nothing.
func NewDestination(o DestinationOptions) (*Destination, error) {
	if o.Path == "" {
		return nil, errors.New("folder: DestinationOptions.Path is required")
	}
	if o.Layout.elements == nil {
		layout, err := ParseLayout(DefaultLayout)
		if err != nil {
			return nil, err
		}
		o.Layout = layout
	}
	o.Zone = cmp.Or(o.Zone, time.Local)
	o.Name = cmp.Or(o.Name, Scheme+":"+o.Path)
	o.Interval = cmp.Or(o.Interval, defaultInterval)
	o.Sidecar = cmp.Or(o.Sidecar, NoSidecar)
	o.Links = cmp.Or(o.Links, Symlinks)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &Destination{o: o, place: &place{path: o.Path}, synced: map[string]bool{}}, nil
}

// Close lets go of the directory.
func (d *Destination) Close() error { return d.place.close() }

// Name implements [station.Destination].
func (d *Destination) Name() string { return d.o.Name }

// Account implements [station.Destination]: it is the id of the folder.
func (d *Destination) Account(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	id, err := d.place.identity()
	if err != nil {
		return "", failure(ctx, "open the folder "+d.o.Path, err)
	}
	return Scheme + ":" + id, nil
}

// New implements [station.Newcomer]: a folder gets its id with the first file.
func (d *Destination) New(ctx context.Context) (bool, error) {
	if _, err := d.Account(ctx); err != nil {
		return false, err
	}
	d.place.mu.Lock()
	defer d.place.mu.Unlock()
	return d.place.new, nil
}

// Layout implements [station.Arranger].
func (d *Destination) Layout() string {
	if template := d.o.Layout.String(); template != DefaultLayout {
		return template
	}
	return ""
}

// Limits implements [station.Destination].
func (d *Destination) Limits() station.Limits { return station.Limits{Batch: mostEntries} }

// Refuse implements [station.Destination].
func (d *Destination) Refuse(item media.Item) *media.Refusal { return Refuse(item) }

// Refuse returns why a folder does not take an item, or nil.
func Refuse(item media.Item) *media.Refusal {
	switch {
	case item.Refusal != nil:
		return item.Refusal
	case item.Size == 0:
		return &media.Refusal{Code: media.RefusedEmpty, Reason: "it is empty"}
	}
	return nil
}

// kindWritten is how files that were written into a folder are counted.
const kindWritten = "files_written"

// Requests implements [station.Meter].
func (d *Destination) Requests() map[string]int64 {
	return map[string]int64{kindWritten: d.written.Load()}
}

// Forecast implements [station.Forecaster].
func (d *Destination) Forecast(load station.Load) map[string]int64 {
	return map[string]int64{kindWritten: load.Items}
}

// Recall implements [station.Recaller]: it looks at the manifest and at the disk.
func (d *Destination) Recall(ctx context.Context, item media.Item) (*station.Recalled, error) {
	return d.recall(ctx, "look for "+item.Name, func(root *os.Root) (*Entry, error) {
		return d.manifest.ofKey(root, item.LedgerKey())
	})
}

// RecallBytes implements [station.Recaller].
func (d *Destination) RecallBytes(ctx context.Context, size int64, digest func() (string, error)) (*station.Recalled, error) {
	return d.recall(ctx, "look for the bytes of a file", func(root *os.Root) (*Entry, error) {
		return d.manifest.ofBytes(root, size, digest)
	})
}

// recall returns what an entry says, if the disk holds its file.
func (d *Destination) recall(ctx context.Context, op string, find func(root *os.Root) (*Entry, error)) (*station.Recalled, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	op += " in the folder " + d.o.Path
	root, err := d.place.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.refresh(root); err != nil {
		return nil, failure(ctx, op, err)
	}
	e, err := find(root)
	if e == nil || err != nil {
		return nil, failure(ctx, op, err)
	}
	if state, err := look(root, e); state == gone || err != nil {
		return nil, failure(ctx, op, err)
	}
	return &station.Recalled{Key: e.Key, ID: e.Path, Version: e.Version, SHA256: e.SHA256, Size: e.Size, Session: e.Session, At: e.At}, nil
}

// Inspect implements [station.Inspector]: the id of an item is its path.
func (d *Destination) Inspect(ctx context.Context, ids []string) ([]*station.RemoteItem, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	op := "look into the folder " + d.o.Path
	found := make([]*station.RemoteItem, len(ids))
	root, err := d.place.open()
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.refresh(root); err != nil {
		return nil, failure(ctx, op, err)
	}
	var buffer []byte
	if d.o.Deep {
		buffer = make([]byte, 1<<20)
	}
	for i, id := range ids {
		e, err := d.manifest.atPath(root, id)
		if err != nil {
			return nil, failure(ctx, op, err)
		}
		if e == nil || e.Path != id {
			continue
		}
		state, err := look(root, e)
		if err == nil && d.o.Deep && state != gone {
			state, err = reread(ctx, root, e, buffer)
		}
		if err != nil {
			return nil, failure(ctx, op, err)
		}
		found[i] = remote(e, state)
	}
	return found, nil
}

func remote(e *Entry, state fileState) *station.RemoteItem {
	it := &station.RemoteItem{Name: e.Name, Kind: media.KindByName(path.Base(e.Path)), Readiness: station.Ready}
	switch state {
	case gone:
		return nil
	case altered:
		it.Readiness = station.Altered
	}
	return it
}
