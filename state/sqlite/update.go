package sqlite

import (
	"context"

	"github.com/gondola-sync/gondola/state/driver"
)

// Update runs one transaction on a session, unless another process has taken the
// session over.
func (b *db) Update(ctx context.Context, id string, do func(driver.Tx) error) error {
	return b.guarded(ctx, "store", id, func(t *tx) error { return do(&update{tx: t, id: id}) })
}

// update is a transaction on a session.
type update struct {
	*tx
	id string
}

// Lookup returns the rows that refs pick. A row that is known is not looked up
// again, so that one that keeps its name costs one statement.
func (u *update) Lookup(refs driver.Refs) (found driver.Found, err error) {
	session, err := u.session(u.id)
	if err != nil {
		return found, err
	}
	l := lookup{tx: u.tx, session: session, names: map[string]bool{}, seqs: map[int64]bool{}}
	for _, key := range refs.Keys {
		l.find("key = ?", key)
	}
	for _, name := range refs.Names {
		if !l.names[name] {
			l.find("name = ?", name)
		}
	}
	for _, seq := range refs.Seqs {
		if !l.seqs[seq] {
			l.find("seq = ?", seq)
		}
	}
	found.Rows = l.rows
	if l.err == nil && refs.Adding {
		_, l.err = u.row("SELECT seq FROM item WHERE session = ? ORDER BY seq DESC LIMIT 1", []any{session}, &found.Last)
	}
	return found, l.err
}

// lookup gathers rows.
type lookup struct {
	*tx
	session int64
	rows    []driver.Row
	names   map[string]bool
	seqs    map[int64]bool
	err     error
}

func (l *lookup) find(where string, what any) {
	var r driver.Row
	if l.err != nil {
		return
	}
	var there bool
	there, l.err = l.row("SELECT seq, coalesce(key, ''), name FROM item WHERE session = ? AND "+where, []any{l.session, what}, &r.Seq, &r.Key, &r.Name)
	if there && !l.seqs[r.Seq] {
		l.rows = append(l.rows, r)
		l.names[r.Name], l.seqs[r.Seq] = true, true
	}
}

// Write stores a header, items and batches.
func (u *update) Write(w driver.Write) error {
	if h := w.Header; h != nil {
		err := u.exec(`INSERT INTO session (id, updated_at, document) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, document = excluded.document`,
			h.ID, stamp(h.Updated), driver.OneLine(h.Document))
		if err != nil {
			return err
		}
	}
	if len(w.Items) == 0 && len(w.Batches) == 0 {
		return nil
	}
	session, err := u.session(u.id)
	if err == nil {
		err = u.putItems(session, w.Items)
	}
	for _, b := range w.Batches {
		if err == nil {
			err = u.putBatch(session, b)
		}
	}
	return err
}

// putItems writes rows; those that have not changed are not written. A row whose
// name another one takes is removed first.
func (u *update) putItems(session int64, changes []driver.Change) error {
	names := map[string]bool{}
	for _, c := range changes {
		names[c.Name] = true
	}
	for _, c := range changes {
		if c.Before != nil && c.Before.Name != c.Name && names[c.Before.Name] {
			if err := u.exec("DELETE FROM item WHERE session = ? AND seq = ?", session, c.Seq); err != nil {
				return err
			}
		}
	}
	for _, c := range changes {
		if err := u.put(session, c.Row); err != nil {
			return err
		}
	}
	return nil
}

func (u *update) put(session int64, r driver.Row) error {
	return u.exec(`INSERT INTO item (session, seq, key, name, awaits, outcome, size, carried, captured, document)
		VALUES (?1, ?2, nullif(?3, ''), ?4, nullif(?5, ''), ?6, ?7, ?8, ?9, ?10)
		ON CONFLICT (session, seq) DO UPDATE
		SET key = excluded.key, name = excluded.name, awaits = excluded.awaits, outcome = excluded.outcome,
			size = excluded.size, carried = excluded.carried, captured = excluded.captured, document = excluded.document
		WHERE document <> excluded.document`,
		session, r.Seq, r.Key, r.Name, r.Next, r.Outcome, r.Size, r.Carried, r.Captured, driver.OneLine(r.Document))
}

func (u *update) putBatch(session int64, b driver.Batch) error {
	if b.Document == nil {
		return u.exec("DELETE FROM batch WHERE session = ? AND number = ?", session, b.Index)
	}
	return u.exec(`INSERT INTO batch (session, number, document) VALUES (?, ?, ?)
		ON CONFLICT (session, number) DO UPDATE SET document = excluded.document WHERE document <> excluded.document`,
		session, b.Index, driver.OneLine(b.Document))
}
