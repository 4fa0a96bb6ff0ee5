package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

var _ state.Journal = (*Store)(nil)

// journalPage is how many entries of a journal are in memory at a time.
const journalPage = 128

// Append adds entries to the journal by one statement, once. The disk is not
// waited for.
func (s *Store) Append(ctx context.Context, session string, entries ...state.JournalEntry) error {
	if len(entries) == 0 {
		return s.db.Usable(ctx)
	}
	list := make([]state.JournalEntry, len(entries))
	for i, e := range entries {
		list[i] = e.Bounded()
	}
	rows, err := json.Marshal(list)
	if err != nil {
		return refused("the journal", session, err)
	}
	after := s.appended.Add(int64(len(list)))
	before := after - int64(len(list))
	return s.change(ctx, fmt.Sprintf("append to the journal of session %q", session), session, How{Once: true, Unsynced: true}, func(tx Tx) error {
		known(tx, session, "")
		tx.Exec(s.dialect.Append, session, string(rows))
		if before == 0 || before/s.dialect.Pruned != after/s.dialect.Pruned {
			tx.Exec(s.dialect.Prune, session, s.kept.Load())
		}
		return nil
	})
}

// refused says that something of a session cannot be stored.
func refused(what, session string, err error) error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: fmt.Sprintf("store %s of session %q", what, session), Err: err}
}

// Timeline iterates the entries of one item, or of the session's stages.
func (s *Store) Timeline(ctx context.Context, session, key string) iter.Seq2[state.JournalEntry, error] {
	return s.entries(ctx, session, "key = $4 AND number > $2 ORDER BY number LIMIT $3", 0, state.JournalEntry{Key: key}.Bounded().Key)
}

// Newest iterates all entries, newest first.
func (s *Store) Newest(ctx context.Context, session string) iter.Seq2[state.JournalEntry, error] {
	return s.entries(ctx, session, "number < $2 ORDER BY number DESC LIMIT $3", math.MaxInt64)
}

// numbered is an entry with its place in the journals.
type numbered struct {
	number int64
	state.JournalEntry
}

func scanEntry(rows Rows) (e numbered, err error) {
	var at moment
	err = rows.Scan(&e.number, &e.Key, &e.Name, &e.Stage, &e.Status, &at, &e.Bytes, &e.Code, &e.Message)
	e.At = at.Time
	return e, err
}

// entries iterates the entries that a condition selects, a page at a time: by the
// number of the entry before ($2), the size of a page ($3), and more.
func (s *Store) entries(ctx context.Context, session, condition string, after int64, rest ...any) iter.Seq2[state.JournalEntry, error] {
	sql := "SELECT number, key, name, stage, status, at, bytes, code, message FROM gondola.journal WHERE session = " + num + " AND " + condition
	return func(yield func(state.JournalEntry, error) bool) {
		err := s.exists(ctx, session)
		for after, more := after, true; err == nil && more; {
			var page []numbered
			page, err = collect(ctx, s, readOp(session), sql, append([]any{session, after, journalPage}, rest...), scanEntry)
			for _, e := range page {
				if after = e.number; !yield(e.JournalEntry, nil) {
					return
				}
			}
			more = len(page) == journalPage
		}
		if err != nil {
			yield(state.JournalEntry{}, err)
		}
	}
}

// PutSnapshot replaces the snapshot, as Append appends.
func (s *Store) PutSnapshot(ctx context.Context, session string, at time.Time, document []byte) error {
	if err := state.CheckSnapshot(document); err != nil {
		return refused("a snapshot", session, err)
	}
	return s.change(ctx, fmt.Sprintf("store a snapshot of session %q", session), session, How{Once: true, Unsynced: true}, func(tx Tx) error {
		known(tx, session, "")
		tx.Put(snapshots, session, []any{at.UTC().Format(time.RFC3339Nano), string(document)})
		return nil
	})
}

// Snapshot returns the snapshot.
func (s *Store) Snapshot(ctx context.Context, session string) ([]byte, time.Time, error) {
	if err := s.exists(ctx, session); err != nil {
		return nil, time.Time{}, err
	}
	found, err := one(ctx, s, readOp(session), "SELECT at, document FROM gondola.snapshots WHERE session = "+num, []any{session},
		func(rows Rows) (v snapshot, err error) {
			err = rows.Scan(&v.at, &v.document)
			return v, err
		})
	return found.document, found.at.Time, err
}

// snapshot is a row of its table.
type snapshot struct {
	at       moment
	document []byte
}
