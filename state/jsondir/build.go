package jsondir

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// buildIndex reads the whole session once.
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
	if err := b.indexBatches(ctx, ix, dir, h.ours); err != nil {
		return nil, err
	}
	return ix, b.indexItems(ctx, ix, dir, files)
}

func (b *db) indexBatches(ctx context.Context, ix *index, dir string, ours bool) error {
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
		case !ours:
			ix.evidence.Add(batch)
		}
		ix.addBatch(batch)
	}
	return nil
}

func batchFile(n int) string { return strconv.Itoa(n) + ".json" }

// addBatch enters a batch.
func (ix *index) addBatch(batch *state.Batch) {
	ix.batches[batch.Index] = batchFile(batch.Index)
	ix.foreign = ix.foreign || inReach(batch)
}

// inReach reports whether q2google would take a batch for one of its next run.
func inReach(b *state.Batch) bool {
	return b.Index < state.FirstBatchIndex && b.Status == state.Completed
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
		read, err := b.readItems(ctx, items, dir, page, ix.evidence)
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

func (b *db) readItems(ctx context.Context, root *os.Root, dir string, files []string, evidence *q2google.Evidence) ([]itemRead, error) {
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
				it, ours, err := b.decodeItem(root, files[n], dir+"/items/", &buf, evidence)
				switch {
				case err != nil && !isCopy(files[n]):
					return err
				case err != nil || !isProper(it.Name, files[n]):
					read[n] = itemRead{e: entry{file: files[n]}, stray: true}
				default:
					read[n] = itemRead{key: identity(state.RowOf(it)), e: newEntry(state.RowOf(it), files[n], ours)}
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
	ix.flat = map[string][]byte{}
	for _, batch := range d.Batches {
		data, err := q2google.EncodeBatch(batch)
		if err != nil {
			return err
		}
		ix.flat["batches/"+batchFile(batch.Index)] = data
		ix.addBatch(batch)
	}
	for _, it := range d.Items {
		row := state.RowOf(it)
		if ix.byKey.of(identity(row)) != none {
			continue // said twice
		}
		data, err := q2google.EncodeItem(it)
		if err != nil {
			return err
		}
		file := fileOf(it.Name)
		if ix.byName.of(fold(file)) != none {
			file = apart(it.Name)
		}
		ix.flat["items/"+file] = data
		ix.order = append(ix.order, ix.add(identity(row), newEntry(row, file, true)))
	}
	return nil
}
