package jsondir

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/state"
)

// index holds what is asked of all items of a session, so that no query reads
// more files than it returns items.
type index struct {
	id      string // of the session
	entries []*entry
	byKey   map[string]*entry // by identity
	byName  map[string]*entry // by folded file
	shared  map[string]bool   // folded files that more than one entry has claimed
	batches map[int]string    // file of each batch

	// What only sessions have that q2google wrote last:
	evidence *state.Evidence
	flat     map[string][]byte // files that a flat file stands for
	stale    []string          // files of records that another file replaces
	foreign  bool              // to be rewritten before the first change
}

// entry is one item.
type entry struct {
	seq     int64
	name    string
	file    string // without directory
	named   bool   // known by name only
	ours    bool   // the document is Gondola's
	awaits  state.Stage
	outcome state.Outcome
	size    int64
	carried int64
}

// identity returns what an item is known by. No key of an ID has a NUL.
func identity(it *state.Item) string {
	if it.ID.IsZero() {
		return named(it.Name)
	}
	return it.ID.Key()
}

func named(name string) string { return "\x00" + name }

// buildIndex reads the whole session once.
func (b *Backend) buildIndex(ctx context.Context, dir string) (*index, error) {
	h, err := b.header(dir)
	if err != nil {
		return nil, err
	}
	ix := &index{
		id: h.ID, byKey: map[string]*entry{}, byName: map[string]*entry{}, shared: map[string]bool{}, batches: map[int]string{},
		evidence: state.NewEvidence(h.UpdatedAt), foreign: !h.ours || h.hasFlat,
	}
	if h.flat != nil {
		err = ix.unfold(h.flat)
	} else {
		err = errors.Join(b.indexBatches(ctx, ix, dir, h.ours), b.indexItems(ctx, ix, dir))
	}
	return ix, err
}

func (b *Backend) indexBatches(ctx context.Context, ix *index, dir string, ours bool) error {
	files, err := b.documents(ctx, dir+"/batches")
	if err != nil {
		return err
	}
	for _, file := range files {
		batch, err := b.readBatch(dir, file)
		if err != nil {
			return err
		}
		if !ours {
			ix.evidence.Add(batch)
		}
		ix.addBatch(batch, file)
	}
	return nil
}

func batchFile(n int) string { return strconv.Itoa(n) + ".json" }

// addBatch enters a batch. If two files have the same number, the one that is
// named by it counts.
func (ix *index) addBatch(batch *state.Batch, file string) {
	if old, ok := ix.batches[batch.Index]; ok {
		if old == batchFile(batch.Index) {
			old, file = file, old
		}
		ix.discard("batches/" + old)
	}
	ix.batches[batch.Index] = file
	ix.foreign = ix.foreign || inReach(batch)
}

// inReach reports whether q2google would take a batch for one of its next run.
func inReach(b *state.Batch) bool {
	return b.Index < state.FirstBatchIndex && b.Status == state.Completed
}

func (b *Backend) indexItems(ctx context.Context, ix *index, dir string) error {
	files, err := b.documents(ctx, dir+"/items")
	if err != nil {
		return err
	}
	slices.Sort(files)
	for page := range slices.Chunk(files, 256) {
		read, err := b.readItems(ctx, dir, page, ix.evidence)
		if err != nil {
			return err
		}
		for _, r := range read {
			b.indexItem(ix, dir, r)
		}
	}
	ix.order()
	return nil
}

// itemRead is an item as its file has it.
type itemRead struct {
	key string
	e   *entry
}

func (b *Backend) readItems(ctx context.Context, dir string, files []string, evidence *state.Evidence) ([]itemRead, error) {
	read := make([]itemRead, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for n, file := range files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			it, ours, err := b.readItem(dir, file, evidence)
			if err == nil {
				read[n] = itemRead{identity(it), newEntry(it, file, ours)}
			}
			return err
		})
	}
	return read, g.Wait()
}

func (b *Backend) indexItem(ix *index, dir string, r itemRead) {
	e := r.e
	if old := ix.byKey[r.key]; old != nil {
		if !b.newer(dir, e.file, old.file) {
			old, e = e, old
		}
		ix.drop(old)
	}
	ix.add(r.key, e)
}

// newer reports whether an item's file was written after another one. Two files
// hold the same item if a crash came between writing the one and removing the
// other when the item's name changed.
func (b *Backend) newer(dir, file, than string) bool {
	mine, err := b.root.Stat(dir + "/items/" + file)
	if err != nil {
		return false
	}
	other, err := b.root.Stat(dir + "/items/" + than)
	return err != nil || mine.ModTime().After(other.ModTime())
}

func newEntry(it *state.Item, file string, ours bool) *entry {
	e := &entry{seq: it.Seq, name: it.Name, file: file, ours: ours}
	e.set(it)
	return e
}

// set takes over what changes of an item.
func (e *entry) set(it *state.Item) {
	e.named, e.awaits, e.outcome = it.ID.IsZero(), it.Awaits(), it.Outcome()
	e.size, e.carried = it.Size, it.Carried
}

// add enters a new entry; entries are in order by Seq, or order follows.
func (ix *index) add(key string, e *entry) {
	if ix.byKey[key] != e {
		ix.entries = append(ix.entries, e)
		ix.byKey[key] = e
	}
	ix.takeName(e)
	ix.foreign = ix.foreign || !e.ours
}

// drop forgets an entry that another one replaces.
func (ix *index) drop(e *entry) {
	ix.discard("items/" + e.file)
	ix.freeName(e)
	ix.entries = slices.DeleteFunc(ix.entries, func(x *entry) bool { return x == e })
	for key, held := range ix.byKey {
		if held == e {
			delete(ix.byKey, key)
		}
	}
}

// discard marks a file to be removed before the first change.
func (ix *index) discard(file string) {
	ix.stale = append(ix.stale, file)
	ix.foreign = true
}

// names returns the folded files that an entry keeps others from taking: that
// of its name, and the one it is in.
func (e *entry) names() [2]string { return [2]string{fold(fileOf(e.name)), fold(e.file)} }

func (ix *index) takeName(e *entry) {
	for _, name := range e.names() {
		switch ix.byName[name] {
		case nil:
			ix.byName[name] = e
		case e:
		default:
			ix.shared[name] = true
		}
	}
}

// freeName frees the name of an entry; another one may have waited for it.
func (ix *index) freeName(e *entry) {
	for _, name := range e.names() {
		if ix.byName[name] != e {
			continue
		}
		delete(ix.byName, name)
		if !ix.shared[name] {
			continue
		}
		for _, other := range ix.entries {
			if n := other.names(); other != e && (n[0] == name || n[1] == name) {
				ix.byName[name] = other
				break
			}
		}
	}
}

// order sorts the entries by Seq. An item known by name whose Seq an identified
// one has, has been given that identity under another name.
func (ix *index) order() {
	bySeq := map[int64]*entry{}
	for _, e := range ix.entries {
		if e.named && e.seq > 0 {
			bySeq[e.seq] = e
		}
	}
	for _, e := range slices.Clone(ix.entries) {
		if old := bySeq[e.seq]; old != nil && !e.named {
			ix.drop(old)
		}
	}
	state.SortBySeq(ix.entries, func(e *entry) *int64 { return &e.seq })
}

// lastSeq returns the Seq of the item found last.
func (ix *index) lastSeq() int64 {
	if len(ix.entries) == 0 {
		return 0
	}
	return ix.entries[len(ix.entries)-1].seq
}

// bySeq returns the position of the first entry with at least this Seq.
func (ix *index) bySeq(seq int64) int {
	n, _ := slices.BinarySearchFunc(ix.entries, seq, func(e *entry, seq int64) int { return cmp.Compare(e.seq, seq) })
	return n
}

// unfold enters what a flat file holds, as files it stands for.
func (ix *index) unfold(d *state.Document) error {
	ix.flat = map[string][]byte{}
	for _, batch := range d.Batches {
		data, err := state.EncodeBatch(batch)
		if err != nil {
			return err
		}
		ix.flat["batches/"+batchFile(batch.Index)] = data
		ix.addBatch(batch, batchFile(batch.Index))
	}
	for _, it := range d.Items {
		if ix.byKey[identity(it)] != nil {
			continue // said twice
		}
		data, err := state.EncodeItem(it)
		if err != nil {
			return err
		}
		file := fileOf(it.Name)
		if ix.byName[fold(file)] != nil {
			file = apart(it.Name)
		}
		ix.flat["items/"+file] = data
		ix.add(identity(it), newEntry(it, file, true))
	}
	return nil
}
