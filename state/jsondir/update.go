package jsondir

import (
	"context"
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
	return s.change(ctx, id, func(stored bool) error { return do(&update{ctx: ctx, session: s, stored: stored}) })
}

// update is a change under way.
type update struct {
	*session
	ctx    context.Context
	stored bool // the session is, and its index is there
}

// Lookup returns what the index knows.
func (u *update) Lookup(refs driver.Refs) (driver.Found, error) {
	if !u.stored {
		return driver.Found{}, driver.ErrNotFound
	}
	return u.ix.lookup(refs), nil
}

// Write stores a header, items and batches.
func (u *update) Write(w driver.Write) error {
	var err error
	switch {
	case w.Header != nil:
		err = u.putHeader(*w.Header)
	case !u.stored:
		err = driver.ErrNotFound
	}
	if err == nil && len(w.Items) > 0 {
		err = u.putItems(w.Items)
	}
	if err == nil && len(w.Batches) > 0 {
		err = u.putBatches(w.Batches)
	}
	return err
}

// putHeader stores the header. A new session is made first, free of what an
// interrupted deletion may have left, and its index after.
func (u *update) putHeader(h driver.Header) error {
	var err error
	if !u.stored {
		if err = u.b.makeDir(u.dir); err == nil {
			err = u.clear(u.ctx)
		}
	}
	if err == nil {
		err = u.b.writeFile(u.dir+metaFile, h.Document)
	}
	if err == nil {
		err = u.b.syncDir(u.dir)
	}
	if err == nil && !u.stored {
		u.update(func(*index) { u.ix, u.writing, u.stored = newIndex(h.ID), true, true })
	}
	return err
}

// fileFor returns the file for an item: the one it is in, unless it gets another
// name. Its own may be taken, by what is no record or by an item that gives its
// name up in the same call, so that neither is overwritten.
func (u *update) fileFor(c driver.Change) (file, former string) {
	own := fileOf(c.Name)
	if c.Before != nil {
		stored := u.ix.pick(driver.Ref{Seq: c.Seq})
		if former = stored.Where; stored.Name == c.Name || fold(own) == fold(former) {
			return former, former
		}
	}
	if u.b.exists(u.dir + "/" + items.file(own)) {
		return apart(c.Name), former
	}
	return own, former
}

// putItems writes items and enters them into the index. The files of former names
// go last.
func (u *update) putItems(changes []driver.Change) error {
	rows := make([]driver.Row, len(changes))
	written, former := map[string][]byte{}, map[string]bool{}
	for n, c := range changes {
		file, old := u.fileFor(c)
		rows[n], former[old] = c.Row, old != ""
		rows[n].Where, written[file] = file, c.Document
	}
	if err := u.b.writeFiles(u.ctx, items.in(u.dir), written); err != nil {
		return err
	}
	u.update(func(ix *index) { ix.apply(rows) })
	for old, there := range former {
		if _, again := written[old]; there && !again {
			if err := u.b.remove(u.dir + "/" + items.file(old)); err != nil {
				return err
			}
		}
	}
	return nil
}

// putBatches stores batches, or removes them.
func (u *update) putBatches(changes []driver.Batch) error {
	written, removed := map[string][]byte{}, []string(nil)
	for _, c := range changes {
		switch file := batchFile(c.Index); {
		case c.Document != nil:
			written[file] = c.Document
		case slices.ContainsFunc(u.ix.Batches, func(b driver.Batch) bool { return b.Index == c.Index }):
			removed = append(removed, file)
		}
	}
	dir := batches.in(u.dir)
	err := u.b.writeFiles(u.ctx, dir, written)
	for _, file := range removed {
		if err == nil {
			err = u.b.remove(dir + "/" + file)
		}
	}
	if err == nil && len(removed) > 0 {
		err = u.b.syncDir(dir)
	}
	if err == nil {
		u.update(func(ix *index) { ix.applyBatches(changes) })
	}
	return err
}
