package jsondir

import (
	"context"
	"errors"
	"slices"

	"github.com/gondola-sync/gondola/state/driver"
)

// Update runs one change of a session: one file for each thing that it writes,
// and one sync of each directory.
func (b *db) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	err = s.change(ctx, id, func() error { return do(&update{ctx: ctx, session: s, stored: true}) })
	if errors.Is(err, driver.ErrNotFound) {
		err = s.create(ctx, func() error { return do(&update{ctx: ctx, session: s}) })
	}
	return err
}

// update is a change under way.
type update struct {
	*session
	ctx    context.Context
	stored bool // the session is, and its index is there
}

// Lookup returns what the index knows.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	if !u.stored {
		return found, driver.ErrNotFound
	}
	ix := u.ix
	known := map[slot]bool{}
	add := func(at slot, key string) {
		if at == none || known[at] {
			return
		}
		known[at] = true
		row := ix.items[at].row()
		if key != "" {
			row.Key = key
		}
		found.Rows = append(found.Rows, row)
	}
	for _, key := range refs.Keys {
		add(ix.byKey.of(key), key)
	}
	for _, name := range refs.Names {
		add(ix.byKey.of(named(name)), "")
		add(ix.byName.of(u.b.Fold(name)), "")
	}
	for _, seq := range refs.Seqs {
		add(ix.bySeq(seq), "")
	}
	found.Last = ix.lastSeq()
	return found, nil
}

// Write stores a header, items and batches.
func (u *update) Write(w driver.Write) error {
	if h := w.Header; h != nil {
		if err := u.writeHeader(h.Document, !u.stored); err != nil {
			return err
		}
	} else if !u.stored {
		return driver.ErrNotFound
	}
	if len(w.Items) > 0 {
		if err := u.put(u.ctx, u.ix.puts(w.Items)); err != nil {
			return err
		}
	}
	if len(w.Batches) > 0 {
		return u.putBatches(w.Batches)
	}
	return nil
}

// writeHeader stores the header. A new session is made first, free of what an
// interrupted deletion may have left.
func (u *update) writeHeader(document []byte, fresh bool) error {
	if fresh {
		if err := u.b.makeDir(u.dir); err != nil {
			return err
		}
		if err := u.clear(u.ctx); err != nil {
			return err
		}
	}
	return u.session.writeHeader(document)
}

// put is one item to be stored.
type put struct {
	driver.Row
	old  slot   // that it changes or replaces; none for a new item
	from string // the file that it is in so far; "" for a new item
	file string
}

// puts tells which files items go into.
func (ix *index) puts(changes []driver.Change) []*put {
	var puts []*put
	for _, c := range changes {
		p := &put{Row: c.Row, old: none}
		if c.Before != nil {
			p.old = ix.bySeq(c.Seq)
			p.from = ix.items[p.old].file
		}
		p.file = ix.fileFor(p)
		puts = append(puts, p)
	}
	return puts
}

// fileFor returns the file for an item: the one it is in, unless it gets another
// name. Its own may be taken, by what is no record or by an item that gives its
// name up in the same call, so that neither is overwritten.
func (ix *index) fileFor(p *put) string {
	file := fileOf(p.Name)
	if p.old != none && (ix.items[p.old].name == p.Name || fold(file) == fold(p.from)) {
		return p.from
	}
	holder := ix.byName.of(fold(file))
	inUse := holder != none && holder != p.old && fold(ix.items[holder].file) == fold(file)
	if inUse || slices.Contains(ix.strays, "items/"+file) {
		return apart(p.Name)
	}
	return file
}

// put writes items and enters them into the index. The files of former names
// go last.
func (s *session) put(ctx context.Context, puts []*put) error {
	dir := s.dir + "/items"
	if err := s.b.makeDir(dir); err != nil {
		return err
	}
	var files []file
	var old []string
	for _, p := range puts {
		files = append(files, file{dir + "/" + p.file, p.Document})
		if p.from != "" && p.from != p.file {
			old = append(old, p.from)
		}
	}
	if err := s.b.writeFiles(ctx, dir, files); err != nil {
		return err
	}
	s.update(func(ix *index) {
		for _, p := range puts {
			ix.apply(p)
		}
	})
	for _, former := range old {
		if err := s.b.remove(dir + "/" + former); err != nil {
			return err
		}
	}
	return nil
}

// apply enters what has been written.
func (ix *index) apply(p *put) {
	if p.old == none {
		ix.sorted = nil
		ix.order = append(ix.order, ix.add(identity(p.Row), newEntry(p.Row, p.file)))
		return
	}
	e := &ix.items[p.old]
	moved := e.file != p.file || e.name != p.Name
	if moved || e.taken != instantOf(p.Captured) {
		ix.sorted = nil
	}
	if moved {
		ix.freeName(p.old)
	}
	if e.named {
		delete(ix.byKey, printOf(named(e.name)))
	}
	e.name, e.file = p.Name, p.file
	e.set(p.Row)
	ix.byKey[printOf(identity(p.Row))] = p.old
	if moved {
		ix.takeName(p.old)
	}
}
