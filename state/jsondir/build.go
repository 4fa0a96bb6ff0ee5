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
		err = l.loadFlat()
	} else {
		err = l.loadDir()
	}
	if err != nil {
		return nil, err
	}
	clear(l.ix.byKey)
	for place := range l.ix.Rows {
		l.ix.enter(place)
	}
	return l.ix, nil
}

// loader builds an index.
type loader struct {
	b   *db
	ctx context.Context
	dir string
	header
	ix      *index
	foreign bool     // what has been read is to be adopted
	adopted adoption // how
}

// loadDir reads the directory of a session.
func (l *loader) loadDir() error {
	for _, of := range []kind{batches, items} {
		files, err := l.b.documents(l.ctx, of.in(l.dir))
		if of == items {
			l.ix.grow(len(files))
		}
		if err == nil {
			err = l.each(of, files, l.enter)
		}
		if err != nil {
			return err
		}
	}
	l.sort()
	last := int64(0)
	for n := range l.ix.Rows {
		l.foreign = l.foreign || l.ix.Rows[n].Seq <= last // it has no number, or that of another one
		last = l.ix.Rows[n].Seq
	}
	if l.ours && !l.hasFlat && !l.foreign {
		return nil
	}
	return l.readWhole()
}

// each uses the records in files. It notes those that are none.
func (l *loader) each(of kind, files []string, use func(record)) error {
	return l.b.records(l.ctx, l.dir, of, files, func(r record) error {
		switch {
		case r.err != nil:
			return r.err
		case r.stray:
			l.ix.strays = append(l.ix.strays, of.file(r.file))
		default:
			use(r)
		}
		return nil
	})
}

// enter adds a record to the index.
func (l *loader) enter(r record) {
	if r.batch != nil {
		l.foreign = l.foreign || q2google.InReach(r.batch)
		l.ix.applyBatches([]driver.Batch{{Index: int64(r.batch.Index), Document: inFile}})
		return
	}
	row := state.RowOf(r.item)
	row.Where = r.file
	l.add(row)
}

// add enters a row. Two files hold the same item if a crash came between writing
// the one and removing the other when the item's name changed: the later one counts.
func (l *loader) add(row driver.Row) {
	id := printOf(row.Identity())
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
	l.foreign = true
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

// readWhole reads the records of the index once more, to adopt them.
func (l *loader) readWhole() error {
	d, files := &state.Document{Session: l.Session}, map[string]string{}
	var names []string
	for _, row := range l.ix.Rows {
		names = append(names, row.Where)
	}
	err := l.each(items, names, func(r record) {
		d.Items = append(d.Items, r.item)
		files[state.RowOf(r.item).Identity()] = r.file
	})
	names = nil
	for _, batch := range l.ix.Batches {
		names = append(names, batchFile(batch.Index))
	}
	if err == nil {
		err = l.each(batches, names, func(r record) { d.Batches = append(d.Batches, r.batch) })
	}
	if err != nil {
		return err
	}
	return l.planAdoption(d, files)
}

// planAdoption makes the index that of the session as it will be once it is adopted,
// with the file of each item by identity.
func (l *loader) planAdoption(d *state.Document, files map[string]string) (err error) {
	if l.adopted.Session, err = q2google.Read(d, l.ours); err != nil {
		return err
	}
	l.ix.adoption, l.ix.Memory = &l.adopted, l.adopted.Memory.Clone()
	for n := range l.ix.Rows {
		l.ix.Rows[n].Where = files[l.ix.Rows[n].Identity()]
	}
	return nil
}

// loadFlat enters what a flat file holds, with the file that each item will be in.
// Other records in the directory are stale.
func (l *loader) loadFlat() error {
	d, files, kept := l.flat, map[string]string{}, map[string]bool{}
	d.Items = slices.DeleteFunc(d.Items, func(it *state.Item) bool {
		id := state.RowOf(it).Identity()
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
		names, err := l.b.documents(l.ctx, of.in(l.dir))
		if err == nil {
			err = l.b.records(l.ctx, l.dir, of, names, func(r record) error {
				if name := of.file(r.file); !r.stray && !kept[name] {
					l.adopted.stale = append(l.adopted.stale, name)
				}
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	return l.planAdoption(d, files)
}
