package jsondir

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// buildIndex reads the whole session once; twice, if q2google wrote some of it.
func (b *db) buildIndex(ctx context.Context, dir string) (*index, error) {
	h, err := b.header(dir)
	if err != nil {
		return nil, err
	}
	if h.flat != nil {
		ix := newIndex(h, len(h.flat.Items))
		return ix, ix.unfold(h.flat)
	}
	files, err := b.documents(ctx, dir+"/items")
	if err != nil {
		return nil, err
	}
	ix := newIndex(h, len(files))
	if err := b.indexBatches(ctx, ix, dir); err != nil {
		return nil, err
	}
	if err := b.indexItems(ctx, ix, dir, files); err != nil || !ix.foreign {
		return ix, err
	}
	d, err := b.document(ctx, ix, dir, h)
	if err != nil {
		return nil, err
	}
	return ix, ix.foresee(d, h.ours)
}

// document returns what the files of an index hold.
func (b *db) document(ctx context.Context, ix *index, dir string, h header) (*state.Document, error) {
	d := &state.Document{Session: h.Session}
	for _, at := range ix.order {
		it, err := b.readItem(dir, ix.items[at].file)
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return nil, err
		}
		d.Items = append(d.Items, it)
	}
	for _, file := range ix.batches {
		batch, err := b.readBatch(dir, file)
		if err != nil {
			return nil, err
		}
		d.Batches = append(d.Batches, batch)
	}

	return d, nil
}

// foresee enters what becomes of a session when it is adopted. The items of the
// document are those of the index, in order.
func (ix *index) foresee(d *state.Document, ours bool) (err error) {
	if ix.theirs, err = q2google.Read(d, ours); err != nil {
		return err
	}
	for n, row := range ix.theirs.Rows {
		e := &ix.items[ix.order[n]]
		e.seq = row.Seq
		e.set(row)
	}
	return nil
}

func (b *db) indexBatches(ctx context.Context, ix *index, dir string) error {
	files, err := b.documents(ctx, dir+"/batches")
	if err != nil {
		return err
	}
	for _, file := range files {
		batch, err := b.readBatch(dir, file)
		switch {
		case err != nil && !isCopy(file):
			return err
		case err != nil || file != batchFile(batch.Index):
			ix.strays = append(ix.strays, "batches/"+file)
			continue
		}
		ix.addBatch(batch)
	}
	return nil
}

func batchFile(n int) string { return strconv.Itoa(n) + ".json" }

// addBatch enters a batch.
func (ix *index) addBatch(batch *state.Batch) {
	ix.batches[batch.Index] = batchFile(batch.Index)
	ix.foreign = ix.foreign || q2google.InReach(batch)
}

func (b *db) indexItems(ctx context.Context, ix *index, dir string, files []string) error {
	if len(files) == 0 {
		return nil
	}
	items, err := b.root.OpenRoot(dir + "/items")
	if err != nil {
		return b.fault("open", dir+"/items", err)
	}
	defer items.Close()
	slices.Sort(files)
	for page := range slices.Chunk(files, 256) {
		read, err := b.readItems(ctx, items, dir, page)
		if err != nil {
			return err
		}
		for _, r := range read {
			b.indexItem(ix, dir, r)
		}
	}
	ix.sort()
	return nil
}

// itemRead is an item as its file has it.
type itemRead struct {
	key   string
	e     entry
	stray bool
}

func (b *db) readItems(ctx context.Context, root *os.Root, dir string, files []string) ([]itemRead, error) {
	read := make([]itemRead, len(files))
	g, ctx := errgroup.WithContext(ctx)
	for first := range inFlight {
		g.Go(func() error {
			var buf bytes.Buffer
			for n := first; n < len(files); n += inFlight {
				if err := ctx.Err(); err != nil {
					return err
				}
				buf.Reset()
				it, err := b.decodeItem(root, files[n], dir+"/items/", &buf)
				switch {
				case err != nil && !isCopy(files[n]):
					return err
				case err != nil || !isProper(it.Name, files[n]):
					read[n] = itemRead{e: entry{file: files[n]}, stray: true}
				default:
					read[n] = itemRead{key: identity(state.RowOf(it)), e: newEntry(state.RowOf(it), files[n])}
				}
			}
			return nil
		})
	}
	return read, g.Wait()
}

func (b *db) indexItem(ix *index, dir string, r itemRead) {
	if r.stray {
		ix.strays = append(ix.strays, "items/"+r.e.file)
		return
	}
	old := ix.byKey.of(r.key)
	if old != none && !b.newer(dir, r.e.file, ix.items[old].file) {
		ix.discard("items/" + r.e.file)
		return
	}
	if old != none {
		ix.drop(old)
	}
	ix.add(r.key, r.e)
}

// newer reports whether an item's file was written after another one. Two files
// hold the same item if a crash came between writing the one and removing the
// other when the item's name changed.
func (b *db) newer(dir, file, than string) bool {
	mine, err := b.root.Stat(dir + "/items/" + file)
	if err != nil {
		return false
	}
	other, err := b.root.Stat(dir + "/items/" + than)
	return err != nil || mine.ModTime().After(other.ModTime())
}

// unfold enters what a flat file holds, as files it stands for.
func (ix *index) unfold(d *state.Document) error {
	ix.flat = true
	for _, batch := range d.Batches {
		ix.addBatch(batch)
	}
	once := d.Items[:0]
	for _, it := range d.Items {
		row := state.RowOf(it)
		if ix.byKey.of(identity(row)) != none {
			continue // said twice
		}
		once = append(once, it)
		file := fileOf(it.Name)
		if ix.byName.of(fold(file)) != none {
			file = apart(it.Name)
		}
		ix.add(identity(row), newEntry(row, file))
	}
	d.Items = once
	ix.sort()
	return ix.foresee(d, false)
}
