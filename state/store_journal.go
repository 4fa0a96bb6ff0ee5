package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

var _ Journal = (*Store)(nil)

// journal returns the driver as one that keeps journals. If it keeps none, the error
// wraps [errors.ErrUnsupported].
func (s *Store) journal(ctx context.Context, session string) (driver.Journal, error) {
	if err := s.findable(ctx, session); err != nil {
		return nil, err
	}
	j, ok := s.driver.(driver.Journal)
	if !ok {
		return nil, refused(fmt.Sprintf("a journal of session %q", session), errors.ErrUnsupported)
	}
	return j, nil
}

// storedJournal is journal for a session that has to be stored.
func (s *Store) storedJournal(ctx context.Context, session string) (driver.Journal, error) {
	j, err := s.journal(ctx, session)
	if err == nil {
		_, err = s.driver.Header(ctx, session)
	}
	return j, err
}

// Append adds entries to the session's journal, in order.
func (s *Store) Append(ctx context.Context, session string, entries ...JournalEntry) error {
	j, err := s.journal(ctx, session)
	if err != nil || len(entries) == 0 {
		return err
	}
	rows := make([]driver.Entry, len(entries))
	for n, e := range entries {
		e = e.Bounded()
		rows[n].Key = e.Key
		if rows[n].Document, err = json.Marshal(e); err != nil {
			return refused(fmt.Sprintf("an entry of the journal of session %q", session), err)
		}
	}
	return j.Append(ctx, session, rows)
}

// Timeline iterates the entries of one item, or of the session's stages.
func (s *Store) Timeline(ctx context.Context, session, key string) iter.Seq2[JournalEntry, error] {
	return s.entries(ctx, session, driver.EntryQuery{Key: JournalEntry{Key: key}.Bounded().Key})
}

// Newest iterates all entries of the session, newest first.
func (s *Store) Newest(ctx context.Context, session string) iter.Seq2[JournalEntry, error] {
	return s.entries(ctx, session, driver.EntryQuery{Newest: true})
}

// entries iterates the entries that q selects. One that another program has written
// over is passed over, as a line is that a crash cut short.
func (s *Store) entries(ctx context.Context, session string, q driver.EntryQuery) iter.Seq2[JournalEntry, error] {
	return func(yield func(JournalEntry, error) bool) {
		j, err := s.storedJournal(ctx, session)
		if err != nil {
			yield(JournalEntry{}, err)
			return
		}
		for row, err := range j.Entries(ctx, session, q) {
			var e JournalEntry
			if err == nil && json.Unmarshal(row.Document, &e) != nil {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// PutSnapshot replaces the session's snapshot.
func (s *Store) PutSnapshot(ctx context.Context, session string, at time.Time, document []byte) error {
	j, err := s.journal(ctx, session)
	if err != nil {
		return err
	}
	if err := CheckSnapshot(document); err != nil {
		return refused(fmt.Sprintf("a snapshot of session %q", session), err)
	}
	return j.PutSnapshot(ctx, session, driver.Snapshot{At: at.UTC(), Document: document})
}

// Snapshot returns the session's snapshot and its time, or ErrNotFound.
func (s *Store) Snapshot(ctx context.Context, session string) (document []byte, at time.Time, err error) {
	j, err := s.storedJournal(ctx, session)
	if err != nil {
		return nil, time.Time{}, err
	}
	found, err := j.Snapshot(ctx, session)
	return found.Document, found.At, err
}
