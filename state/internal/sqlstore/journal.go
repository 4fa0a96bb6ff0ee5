package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

var _ driver.Journal = (*Store)(nil)

// unsynced is how what belongs to a journal is stored.
var unsynced = How{Once: true, Unsynced: true}

// Append adds entries to the journal by one statement.
func (s *Store) Append(ctx context.Context, session string, entries []driver.Entry) error {
	documents := make([][]byte, len(entries))
	for n, e := range entries {
		documents[n] = e.Document
	}
	list := "[" + string(bytes.Join(documents, []byte(","))) + "]"
	after := s.appended.Add(int64(len(entries)))
	before := after - int64(len(entries))
	return s.change(ctx, fmt.Sprintf("append to the journal of session %q", session), session, unsynced, func(tx Tx) error {
		known(tx, session, "")
		tx.Exec(s.dialect.Append, session, list)
		if before == 0 || before/s.dialect.Pruned != after/s.dialect.Pruned {
			tx.Exec(s.dialect.Prune, session, s.kept.Load())
		}
		return nil
	})
}

// Entries iterates the entries that q selects.
func (s *Store) Entries(ctx context.Context, session string, q driver.EntryQuery) iter.Seq2[driver.Entry, error] {
	sql := "SELECT number, key, name, stage, status, at, bytes, code, message FROM gondola.journal WHERE session = " + num
	var key []any
	if q.Newest {
		sql += " AND number < $2 ORDER BY number DESC LIMIT $3"
	} else {
		sql, key = sql+" AND key = $4 AND number > $2 ORDER BY number LIMIT $3", []any{q.Key}
	}
	return q.Pages(func(after int64) ([]driver.Entry, error) {
		return collect(ctx, s, readOp(session), sql, append([]any{session, after, driver.EntryPage}, key...), scanEntry)
	})
}

func scanEntry(rows Rows) (row driver.Entry, err error) {
	var e state.JournalEntry
	var at moment
	err = rows.Scan(&row.Number, &e.Key, &e.Name, &e.Stage, &e.Status, &at, &e.Bytes, &e.Code, &e.Message)
	if err == nil {
		e.At = at.Time
		row.Document, err = json.Marshal(e)
	}
	return row, err
}

// PutSnapshot replaces the snapshot.
func (s *Store) PutSnapshot(ctx context.Context, session string, v driver.Snapshot) error {
	return s.change(ctx, fmt.Sprintf("store a snapshot of session %q", session), session, unsynced, func(tx Tx) error {
		known(tx, session, "")
		tx.Exec(`INSERT INTO gondola.snapshots (session, at, document) VALUES (`+num+`, $2::timestamptz, $3::json)
			ON CONFLICT (session) DO UPDATE SET at = excluded.at, document = excluded.document`,
			session, v.At.Format(time.RFC3339Nano), string(v.Document))
		return nil
	})
}

// Snapshot returns the snapshot.
func (s *Store) Snapshot(ctx context.Context, session string) (driver.Snapshot, error) {
	return one(ctx, s, readOp(session), "SELECT at, document FROM gondola.snapshots WHERE session = "+num, []any{session},
		func(rows Rows) (v driver.Snapshot, err error) {
			var at moment
			var document []byte
			err = rows.Scan(&at, &document)
			return driver.Snapshot{At: at.Time, Document: document}, err
		})
}
