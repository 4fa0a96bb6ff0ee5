package driver

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"time"
)

// Journal is implemented by a Store that keeps a history of each session and a view
// of its run. Both end with the session. What a method stores need not be durable
// when it returns, and is tried once. Append and PutSnapshot fail as Store.Update
// does, with ErrNotFound for a session that is not stored; the others are called for
// stored sessions.
type Journal interface {
	// Append adds entries in order, at a cost that does not depend on how many
	// there are. From time to time it drops the oldest ones, and keeps state.JournalKept.
	Append(ctx context.Context, session string, entries []Entry) error
	// Entries iterates the entries that q selects, in its order. Their Keys are not
	// needed.
	Entries(ctx context.Context, session string, q EntryQuery) iter.Seq2[Entry, error]
	// PutSnapshot replaces the snapshot.
	PutSnapshot(ctx context.Context, session string, s Snapshot) error
	// Snapshot returns the snapshot, or ErrNotFound.
	Snapshot(ctx context.Context, session string) (Snapshot, error)
}

// Entry is an entry of a journal.
type Entry struct {
	Number   int64 // by which a store may order entries; Append leaves it to the store
	Key      string
	Document []byte // a JSON object whose first member is "key"
}

// EntryQuery selects all entries, newest first, or those of a key, oldest first.
type EntryQuery struct {
	Newest bool
	Key    string
}

// Snapshot is a view of what a run is doing.
type Snapshot struct {
	At       time.Time       `json:"at"` // UTC
	Document json.RawMessage `json:"document"`
}

// EntryPage is how many entries of a journal are in memory at a time.
const EntryPage = 128

// Pages iterates the entries of a store that numbers them. page returns the next
// ones after a number, in the order of q: fewer than EntryPage only at the end.
func (q EntryQuery) Pages(page func(after int64) ([]Entry, error)) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		after := int64(0)
		if q.Newest {
			after = math.MaxInt64
		}
		for {
			entries, err := page(after)
			for _, e := range entries {
				if after = e.Number; !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(Entry{}, err)
			}
			if err != nil || len(entries) < EntryPage {
				return
			}
		}
	}
}
