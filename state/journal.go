package state

import (
	"context"
	"iter"
	"time"
)

// JournalEntry is one transition of an item, or of a stage of the session.
type JournalEntry struct {
	Key     string    `json:"key,omitempty"` // media.ID.Key of the item; "" of a stage
	Name    string    `json:"name,omitempty"`
	Stage   Stage     `json:"stage"`
	Status  Status    `json:"status"`
	At      time.Time `json:"at"` // UTC
	Bytes   int64     `json:"bytes,omitempty"`
	Code    string    `json:"code,omitempty"` // of the fault, with Failed
	Message string    `json:"message,omitempty"`
}

// Journal is what a [Backend] may implement to keep the history of a session and
// what a run shows of itself. Both are for display: nothing is decided by them,
// and what a crash takes of them is a second at most.
type Journal interface {
	// Append adds entries to a session's journal, in order. They need not be
	// durable when it returns.
	Append(ctx context.Context, session string, entries ...JournalEntry) error
	// Timeline iterates the entries of an item, or with key "" those of the
	// stages, oldest first.
	Timeline(ctx context.Context, session, key string) iter.Seq2[JournalEntry, error]
	// PutSnapshot replaces the session's snapshot, a JSON document of at most
	// 64 KiB.
	PutSnapshot(ctx context.Context, session string, at time.Time, document []byte) error
	// Snapshot returns the session's snapshot and when it was taken, or
	// ErrNotFound.
	Snapshot(ctx context.Context, session string) (document []byte, at time.Time, err error)
}
