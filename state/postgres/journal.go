package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

var _ state.Journal = (*db)(nil)

// Append adds entries to the journal by one statement, once: what a server that
// does not answer has lost is not repeated. The server's disk is not waited for.
func (b *db) Append(ctx context.Context, session string, entries ...state.JournalEntry) error {
	if len(entries) == 0 {
		return b.usable(ctx)
	}
	op := fmt.Sprintf("append to the journal of session %q", session)
	list := make([]state.JournalEntry, len(entries))
	for i, e := range entries {
		list[i] = e.Bounded()
	}
	rows, err := json.Marshal(list)
	if err != nil {
		return b.fault(op, err)
	}
	err = b.insertUnsynced(ctx, session, op, `INSERT INTO gondola.journal (session, key, name, stage, status, at, bytes, code, message)
		SELECT s.num, e.key, coalesce(e.name, ''), coalesce(e.stage, ''), coalesce(e.status, ''), e.at, coalesce(e.bytes, 0),
			coalesce(e.code, ''), coalesce(e.message, '')
		FROM gondola.sessions s, ROWS FROM (json_to_recordset($2::text::json) AS
			(key text, name text, stage text, status text, at timestamptz, bytes bigint, code text, message text)
		) WITH ORDINALITY AS e (key, name, stage, status, at, bytes, code, message, place)
		WHERE s.id = $1 ORDER BY e.place`, session, string(rows))
	if err != nil {
		return err
	}
	return b.prune(ctx, session, op, int64(len(list)))
}

// pruned is after how many entries of a process the oldest ones are dropped.
const pruned = 10_000

// prune drops what is older than the entries that are kept: with the first entry
// of this process, and from time to time.
func (b *db) prune(ctx context.Context, session, op string, added int64) error {
	if after := b.appended.Add(added); after > added && after/pruned == (after-added)/pruned {
		return nil
	}
	return b.onceUnsynced(ctx, session, op, func(_ context.Context, t *tx) error {
		t.exec(`DELETE FROM gondola.journal j USING gondola.sessions s WHERE s.id = $1 AND j.session = s.num AND j.number <= (
			SELECT number FROM gondola.journal WHERE session = s.num ORDER BY number DESC OFFSET $2 LIMIT 1)`, session, b.kept)
		return nil
	})
}

// insertUnsynced runs a statement that adds rows to a session, which is not there
// if it adds none.
func (b *db) insertUnsynced(ctx context.Context, session, op, sql string, args ...any) error {
	if !storable(session) {
		return notStorable(b.usable(ctx))
	}
	return b.onceUnsynced(ctx, session, op, func(ctx context.Context, t *tx) error {
		var added int64
		t.exec(sql, args...).Exec(rowsInto(&added))
		if err := t.send(ctx); err != nil {
			return err
		}
		if added == 0 {
			return driver.ErrNotFound
		}
		return nil
	})
}

// onceUnsynced makes one attempt at a change that a crash of the server may cost.
// It brings an older schema up to date, which has no place for it.
func (b *db) onceUnsynced(ctx context.Context, session, op string, do func(context.Context, *tx) error) error {
	if err := b.usable(ctx); err != nil {
		return err
	}
	attempt, cancel := context.WithTimeout(ctx, b.usual().attempt)
	defer cancel()
	err := b.update(attempt)
	if err == nil {
		err = b.transactHeld(attempt, session, func(ctx context.Context, t *tx) error {
			t.queue(`SET LOCAL synchronous_commit TO off`)
			return do(ctx, t)
		})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return b.fault(op, err)
}

// update brings an older schema up to date that was left as it was.
func (b *db) update(ctx context.Context) error {
	if !b.outdated.Load() {
		return nil
	}
	err := b.migrate(ctx)
	if err == nil {
		b.outdated.Store(false)
	}
	return err
}

// isOutdated reports whether the schema is still an older one.
func (b *db) isOutdated(ctx context.Context, session string) (bool, error) {
	if !b.outdated.Load() {
		return false, nil
	}
	version := 0
	err := b.do(ctx, readOp(session), func(ctx context.Context) (err error) {
		version, err = versionOf(ctx, b.pool)
		return err
	})
	if err == nil && version >= newest { // another process has brought it up to date
		b.outdated.Store(false)
	}
	return version < newest, err
}

// hasJournals returns ErrNotFound for a session that is not stored, and reports
// whether the schema has journals.
func (b *db) hasJournals(ctx context.Context, session string) (bool, error) {
	if err := b.exists(ctx, session); err != nil {
		return false, err
	}
	outdated, err := b.isOutdated(ctx, session)
	return !outdated, err
}

// Timeline iterates the entries of one item, or of the session's stages.
func (b *db) Timeline(ctx context.Context, session, key string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, session, `SELECT number, key, name, stage, status, at, bytes, code, message FROM gondola.journal
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND key = $4 AND number > $2 ORDER BY number LIMIT $3`,
		0, state.JournalEntry{Key: key}.Bounded().Key)
}

// Newest iterates all entries, newest first.
func (b *db) Newest(ctx context.Context, session string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, session, `SELECT number, key, name, stage, status, at, bytes, code, message FROM gondola.journal
		WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1) AND number < $2 ORDER BY number DESC LIMIT $3`,
		math.MaxInt64)
}

// numberedEntry is an entry with its place in the journals.
type numberedEntry struct {
	Number int64
	state.JournalEntry
}

func scanEntry(row pgx.CollectableRow) (e numberedEntry, err error) {
	err = row.Scan(&e.Number, &e.Key, &e.Name, &e.Stage, &e.Status, &e.At, &e.Bytes, &e.Code, &e.Message)
	e.At = e.At.UTC()
	return e, err
}

// entries iterates the entries that a query selects, a page at a time: by
// session, the number of the entry before, the size of a page, and more.
func (b *db) entries(ctx context.Context, session, sql string, after int64, rest ...any) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(state.JournalEntry, error) bool) {
		more, err := b.hasJournals(ctx, session)
		for after := after; err == nil && more; {
			var page []numberedEntry
			page, err = query(ctx, b, readOp(session), scanEntry, sql, append([]any{session, after, journalPage}, rest...)...)
			for _, e := range page {
				if after = e.Number; !yield(e.JournalEntry, nil) {
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
func (b *db) PutSnapshot(ctx context.Context, session string, at time.Time, document []byte) error {
	op := fmt.Sprintf("store a snapshot of session %q", session)
	if err := state.CheckSnapshot(document); err != nil {
		return b.fault(op, err)
	}
	return b.insertUnsynced(ctx, session, op, `INSERT INTO gondola.snapshots (session, at, document)
		SELECT num, $2::timestamptz, $3::text::json FROM gondola.sessions WHERE id = $1
		ON CONFLICT (session) DO UPDATE SET at = excluded.at, document = excluded.document`, session, at, string(document))
}

// snapshot is a row of its table.
type snapshot struct {
	At       time.Time
	Document []byte
}

// Snapshot returns the snapshot.
func (b *db) Snapshot(ctx context.Context, session string) ([]byte, time.Time, error) {
	has, err := b.hasJournals(ctx, session)
	var found []snapshot
	if err == nil && has {
		found, err = query(ctx, b, readOp(session), pgx.RowToStructByPos[snapshot], `SELECT at, document FROM gondola.snapshots
			WHERE session = (SELECT num FROM gondola.sessions WHERE id = $1)`, session)
	}
	if err == nil && len(found) == 0 {
		err = driver.ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	return found[0].Document, found[0].At.UTC(), nil
}
