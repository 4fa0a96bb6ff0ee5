package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/gondola-sync/gondola/state"
)

var _ state.Journal = (*db)(nil)

// Append adds entries to the journal by one statement. The disk is not waited
// for.
func (b *db) Append(ctx context.Context, id string, entries ...state.JournalEntry) error {
	if len(entries) == 0 {
		return b.ready(ctx)
	}
	list := make([]state.JournalEntry, len(entries))
	for i, e := range entries {
		list[i] = e.Bounded()
	}
	rows, err := json.Marshal(list)
	if err != nil {
		return refused("the journal", id, err)
	}
	return b.changeUnsynced(ctx, "append to the journal of", id, func(t *tx, session int64) error {
		var last int64
		if _, err := t.row("SELECT number FROM journal WHERE session = ? ORDER BY number DESC LIMIT 1", []any{session}, &last); err != nil {
			return err
		}
		err := t.exec(`INSERT INTO journal (session, number, key, name, stage, status, at, bytes, code, message)
			SELECT ?1, ?2 + 1 + e.key, e.value ->> '$.key', coalesce(e.value ->> '$.name', ''), coalesce(e.value ->> '$.stage', ''),
				coalesce(e.value ->> '$.status', ''), e.value ->> '$.at', coalesce(e.value ->> '$.bytes', 0),
				coalesce(e.value ->> '$.code', ''), coalesce(e.value ->> '$.message', '')
			FROM json_each(?3) e`, session, last, string(rows))
		if err != nil {
			return err
		}
		return t.prune(session, last, int64(len(list)), b.kept)
	})
}

// pruned is after how many entries the oldest ones are dropped, so many at once.
const pruned = 1000

// prune drops what is older than the entries that are kept, from time to time.
func (t *tx) prune(session, last, added, kept int64) error {
	oldest := last + added - kept
	if oldest <= 0 || last/pruned == (last+added)/pruned {
		return nil
	}
	return t.exec("DELETE FROM journal WHERE session = ? AND number <= ?", session, oldest)
}

// changeUnsynced is change for what a power cut may cost.
func (b *db) changeUnsynced(ctx context.Context, op, id string, do func(t *tx, session int64) error) error {
	if err := b.keeper.Check(ctx, id); err != nil {
		return err
	}
	return b.writeUnsynced(ctx, on(op, id), b.underLease(id, func(t *tx) error {
		session, err := t.session(id)
		if err != nil {
			return err
		}
		return do(t, session)
	}))
}

// Timeline iterates the entries of one item, or of the session's stages.
func (b *db) Timeline(ctx context.Context, id, key string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, `SELECT number, key, name, stage, status, at, bytes, code, message FROM journal
		WHERE session = ?1 AND key = ?4 AND number > ?2 ORDER BY number LIMIT ?3`, 0, state.JournalEntry{Key: key}.Bounded().Key)
}

// Newest iterates all entries, newest first.
func (b *db) Newest(ctx context.Context, id string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, `SELECT number, key, name, stage, status, at, bytes, code, message FROM journal
		WHERE session = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3`, math.MaxInt64)
}

// pageSize is how many entries of an iteration are read at a time.
const pageSize = 128

// entries iterates the entries that a query selects, a page at a time: by
// session, the number of the entry before, the size of a page, and more.
func (b *db) entries(ctx context.Context, id, query string, after int64, rest ...any) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(state.JournalEntry, error) bool) {
		session, more, err := b.journalOf(ctx, id)
		for after := after; err == nil && more; {
			var page []state.JournalEntry
			args := append([]any{session, after, pageSize}, rest...)
			page, after, err = b.entriesPage(ctx, id, query, args)
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			more = len(page) == pageSize
		}
		if err != nil {
			yield(state.JournalEntry{}, err)
		}
	}
}

// entriesPage returns the entries that a query selects, and the number of the
// last one.
func (b *db) entriesPage(ctx context.Context, id, query string, args []any) (page []state.JournalEntry, last int64, err error) {
	err = b.read(ctx, on("read the journal of", id), query, args, func(r row) error {
		e, err := scanEntry(r, &last)
		page = append(page, e)
		return err
	})
	return page, last, err
}

func scanEntry(r row, number *int64) (e state.JournalEntry, err error) {
	var at string
	if err := r.Scan(number, &e.Key, &e.Name, &e.Stage, &e.Status, &at, &e.Bytes, &e.Code, &e.Message); err != nil {
		return e, err
	}
	e.At, err = time.Parse(time.RFC3339Nano, at)
	return e, err
}

// journalOf returns the number of a session that is stored, and whether the
// schema has journals.
func (b *db) journalOf(ctx context.Context, id string) (number int64, has bool, err error) {
	if err := b.one(ctx, on("read", id), "SELECT number FROM session WHERE id = ?", []any{id}, &number); err != nil {
		return 0, false, err
	}
	outdated, err := b.isOutdated(ctx)
	return number, !outdated, err
}

// PutSnapshot replaces the snapshot. The disk is not waited for.
func (b *db) PutSnapshot(ctx context.Context, id string, at time.Time, document []byte) error {
	if err := state.CheckSnapshot(document); err != nil {
		return refused("a snapshot", id, err)
	}
	return b.changeUnsynced(ctx, "store a snapshot of", id, func(t *tx, session int64) error {
		return t.exec(`INSERT INTO snapshot (session, at, document) VALUES (?, ?, ?)
			ON CONFLICT (session) DO UPDATE SET at = excluded.at, document = excluded.document`,
			session, at.UTC().Format(time.RFC3339Nano), string(document))
	})
}

// Snapshot returns the snapshot.
func (b *db) Snapshot(ctx context.Context, id string) ([]byte, time.Time, error) {
	session, has, err := b.journalOf(ctx, id)
	if err == nil && !has {
		err = state.ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	var text, document string
	err = b.one(ctx, on("read a snapshot of", id), "SELECT at, document FROM snapshot WHERE session = ?", []any{session}, &text, &document)
	if err != nil {
		return nil, time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, time.Time{}, b.Damaged(fmt.Sprintf("the snapshot of session %q", id), err)
	}
	return []byte(document), at, nil
}
