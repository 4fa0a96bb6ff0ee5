package jsondir

import (
	"cmp"
	"context"
	"slices"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// buildIndex reads the whole session once; twice, if q2google wrote some of it.
func (b *db) buildIndex(ctx context.Context, dir string) (*index, error) {
	h, err := b.header(dir)
	if err != nil {
		return nil, err
	}
	l := &loader{b: b, ctx: ctx, dir: dir, header: h, ix: newIndex(h.ID), adopted: adoption{flat: h.flat != nil, hasFlat: h.hasFlat}}
	if h.flat != nil {
		err = l.unfold()
	} else {
		err = l.load()
	}
	clear(l.ix.byKey)
	for place := range l.ix.Rows {
		l.ix.enter(place)
	}
	return l.ix, err
}

// loader builds an index.
type loader struct {
	b   *db
	ctx context.Context
	dir string
	header
	ix      *index
	adopted adoption // if the session is to be adopted
}

// load reads the directory of a session.
func (l *loader) load() error {
	foreign, err := l.loadBatches()
	if err == nil {
		err = l.loadItems()
	}
	last := int64(0)
	for n := range l.ix.Rows {
		foreign = foreign || l.ix.Rows[n].Seq <= last // it has no number, or that of another one
		last = l.ix.Rows[n].Seq
	}
	if err != nil || l.ours && !l.hasFlat && !foreign && len(l.adopted.stale) == 0 {
		return err
	}
	d, files, err := l.document()
	if err != nil {
		return err
	}
	return l.foresee(d, files)
}

// loadBatches reports whether q2google would take one of the batches for its own.
func (l *loader) loadBatches() (foreign bool, err error) {
	for r := range l.b.allRecords(l.ctx, l.dir, batches) {
		switch {
		case r.err != nil:
			return false, r.err
		case r.stray:
			l.ix.strays = append(l.ix.strays, batches.file(r.file))
		default:
			foreign = foreign || q2google.InReach(r.batch)
			l.ix.applyBatches([]driver.Batch{{Index: int64(r.batch.Index), Document: inFile}})
		}
	}
	return foreign, nil
}

func (l *loader) loadItems() error {
	for r := range l.b.allRecords(l.ctx, l.dir, items) {
		switch {
		case r.err != nil:
			return r.err
		case r.stray:
			l.ix.strays = append(l.ix.strays, items.file(r.file))
		default:
			row := state.RowOf(r.item)
			row.Where = r.file
			l.add(row)
		}
	}
	l.sort()
	return nil
}

// add enters a row. Two files hold the same item if a crash came between writing
// the one and removing the other when the item's name changed: the later one counts.
func (l *loader) add(row driver.Row) {
	id := printOf(identity(row))
	place, twice := l.ix.byKey[id]
	if !twice {
		l.ix.byKey[id] = int32(len(l.ix.Rows))
		l.ix.Rows = append(l.ix.Rows, row)
		return
	}
	if other := &l.ix.Rows[place]; l.newer(row.Where, other.Where) {
		row, *other = *other, row
	}
	l.discard(row)
}

// newer reports whether an item's file was written after another one.
func (l *loader) newer(file, than string) bool {
	mine, err := l.b.root.Stat(items.in(l.dir) + "/" + file)
	if err != nil {
		return false
	}
	other, err := l.b.root.Stat(items.in(l.dir) + "/" + than)
	return err != nil || mine.ModTime().After(other.ModTime())
}

func (l *loader) discard(row driver.Row) {
	l.adopted.stale = append(l.adopted.stale, items.file(row.Where))
}

// sort puts the rows in order by Seq. An item known by name whose Seq an
// identified one has, has been given that identity under another name.
func (l *loader) sort() {
	slices.SortFunc(l.ix.Rows, func(a, b driver.Row) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), -cmp.Compare(min(len(a.Key), 1), min(len(b.Key), 1)), cmp.Compare(a.Where, b.Where))
	})
	identified := int64(0)
	l.ix.Rows = slices.DeleteFunc(l.ix.Rows, func(row driver.Row) bool {
		if row.Key != "" {
			identified = row.Seq
		}
		former := row.Key == "" && row.Seq > 0 && row.Seq == identified
		if former {
			l.discard(row)
		}
		return former
	})
}

// document returns what the files of the index hold, and the file of each item by
// identity.
func (l *loader) document() (*state.Document, map[string]string, error) {
	d, files := &state.Document{Session: l.Session}, map[string]string{}
	var names []string
	for _, row := range l.ix.Rows {
		names = append(names, row.Where)
	}
	for r := range l.b.records(l.ctx, l.dir, items, names) {
		switch {
		case r.err != nil:
			return nil, nil, r.err
		case !r.stray:
			d.Items = append(d.Items, r.item)
			files[identity(state.RowOf(r.item))] = r.file
		}
	}
	names = nil
	for _, batch := range l.ix.Batches {
		names = append(names, batchFile(batch.Index))
	}
	for r := range l.b.records(l.ctx, l.dir, batches, names) {
		switch {
		case r.err != nil:
			return nil, nil, r.err
		case !r.stray:
			d.Batches = append(d.Batches, r.batch)
		}
	}
	return d, files, nil
}

// foresee makes the index tell what becomes of a session when it is adopted.
func (l *loader) foresee(d *state.Document, files map[string]string) (err error) {
	if l.adopted.Session, err = q2google.Read(d, l.ours); err != nil {
		return err
	}
	l.ix.adoption, l.ix.Memory = &l.adopted, l.adopted.Memory.Clone()
	for n := range l.ix.Rows {
		l.ix.Rows[n].Where = files[identity(l.ix.Rows[n])]
	}
	return nil
}

// unfold enters what a flat file holds, with the files that it stands for. Other
// records in the directory are stale.
func (l *loader) unfold() error {
	d, files, kept := l.flat, map[string]string{}, map[string]bool{}
	d.Items = slices.DeleteFunc(d.Items, func(it *state.Item) bool {
		id := identity(state.RowOf(it))
		if files[id] != "" {
			return true // said twice
		}
		file := fileOf(it.Name)
		if kept[fold(file)] {
			file = apart(it.Name)
		}
		files[id], kept[fold(file)], kept[items.file(file)] = file, true, true
		return false
	})
	for _, batch := range d.Batches {
		kept[batches.file(batchFile(batch.Index))] = true
	}
	for _, of := range []kind{items, batches} {
		for r := range l.b.allRecords(l.ctx, l.dir, of) {
			switch name := of.file(r.file); {
			case r.file == "":
				return r.err
			case !r.stray && !kept[name]:
				l.adopted.stale = append(l.adopted.stale, name)
			}
		}
	}
	return l.foresee(d, files)
}
