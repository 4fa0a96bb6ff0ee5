package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// JournalEntry is one transition of an item, or of a stage of its session.
type JournalEntry struct {
	Key     string    `json:"key"`               // media.ID.Key of the item; "" for a stage
	Name    string    `json:"name,omitempty"`    // of the item then
	Stage   Stage     `json:"stage,omitempty"`   // that it passed, or tried to
	Status  Status    `json:"status,omitempty"`  // that it got
	At      time.Time `json:"at"`                // UTC, kept to the microsecond
	Bytes   int64     `json:"bytes,omitempty"`   // that the transition is about
	Code    string    `json:"code,omitempty"`    // of the fault or the refusal; "" for none
	Message string    `json:"message,omitempty"` // of the fault or the refusal, without secrets
}

// Bounded returns the entry as every store can hold it: a time of the years 1 to
// 9999 in microseconds, and texts of valid UTF-8 without NUL, of at most
// [media.MaxText].
func (e JournalEntry) Bounded() JournalEntry {
	e.At = media.Moment(e.At).Truncate(time.Microsecond)
	e.Stage, e.Status = Stage(storable(string(e.Stage))), Status(storable(string(e.Status)))
	for _, text := range []*string{&e.Key, &e.Name, &e.Code, &e.Message} {
		*text = storable(*text)
	}
	return e
}

// storable returns a text as every column of text can hold it.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(media.Sentence(text), "_"), "\x00", "_")
}

// Limits of a journal.
const (
	// JournalKept is how many of a session's newest entries are kept at least, if
	// they have a usual length; older ones are dropped from time to time.
	JournalKept = 500_000
	// MaxSnapshot is the most bytes of a snapshot.
	MaxSnapshot = 64 << 10
)

// Journal is what a [Backend] may offer beyond: a history of each session, and a
// view of what its run is doing, for other processes. A [Store] offers it; ask for
// it by a type assertion.
//
// A journal is a service to readers, and nothing that a run depends on: what the
// last second brought may be lost in a crash, the session's own items never. It
// is deleted with its session, and not copied with it. Methods return
// ErrNotFound for a session that is not stored, and are safe for concurrent use.
type Journal interface {
	// Append adds entries to the session's journal, in order. Its cost does not
	// depend on how many there are. It need not be durable when it returns.
	Append(ctx context.Context, session string, entries ...JournalEntry) error
	// Timeline iterates the entries of one item (media.ID.Key), or those of the
	// session's stages if key is "", oldest first.
	Timeline(ctx context.Context, session, key string) iter.Seq2[JournalEntry, error]
	// Newest iterates all entries of the session, newest first.
	Newest(ctx context.Context, session string) iter.Seq2[JournalEntry, error]
	// PutSnapshot replaces the session's snapshot: a JSON document of at most
	// MaxSnapshot bytes that says what its run is doing at a time. It need not be
	// durable when it returns.
	PutSnapshot(ctx context.Context, session string, at time.Time, document []byte) error
	// Snapshot returns the session's snapshot, which may have other white space,
	// and its time in UTC, or ErrNotFound if there is none. Whether the run goes on
	// is known by the session's lock and by the time.
	Snapshot(ctx context.Context, session string) (document []byte, at time.Time, err error)
}

// CheckSnapshot returns why a document cannot be a snapshot, or nil.
func CheckSnapshot(document []byte) error {
	switch {
	case len(document) > MaxSnapshot:
		return fmt.Errorf("the snapshot is longer than %d bytes", MaxSnapshot)
	case !json.Valid(document):
		return errors.New("the snapshot is not JSON")
	}
	return nil
}
