package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

// ErrNotFound is returned for a session, item or ledger entry that is not there.
var ErrNotFound = driver.ErrNotFound

// Backend keeps sessions. Every method that changes something is durable when
// it returns nil, and costs the same in a session of ten items and of a
// million. Backends are safe for concurrent use. All methods return ctx.Err()
// when ctx ends first. Errors of the store itself are [fault.Error]s of class
// Session with code [fault.State].
type Backend interface {
	// Session returns a session's header, or ErrNotFound.
	Session(ctx context.Context, id string) (*Session, error)
	// PutSession stores a session's header and sets UpdatedAt.
	PutSession(ctx context.Context, s *Session) error
	// Sessions lists headers, most recently updated first. A session that
	// cannot be read yields its error with a header that holds only the ID, and
	// the listing goes on.
	Sessions(ctx context.Context) iter.Seq2[*Session, error]
	// DeleteSession removes a session with its items and batches; the ledger
	// stays. It also removes what an interrupted deletion has left. It returns
	// ErrNotFound if there is no session.
	DeleteSession(ctx context.Context, id string) error

	// Items iterates the items that q selects, in its order. Items that are put
	// during the iteration may or may not appear. A query by one of stage, outcome,
	// name and capture time, in the order of Seq or of what it asks for, costs as
	// much in a large session as in a small one that has the same items to find;
	// further conditions and another order are looked at item by item.
	Items(ctx context.Context, session string, q Query) iter.Seq2[*Item, error]
	// Item returns the item with this identity (media.ID.Key), or ErrNotFound.
	Item(ctx context.Context, session, key string) (*Item, error)
	// ItemNamed returns the item whose name, as stored, is taken by name, or
	// ErrNotFound. Backends whose names collide more easily than strings (a
	// case-folding file system) answer for the name that would collide.
	ItemNamed(ctx context.Context, session, name string) (*Item, error)
	// PutItems stores items, new and changed, and assigns Seq to new ones. An
	// item is known by its identity; an item without one (of a session that is
	// Foreign) by its name: under another name it is another item, whatever its
	// Seq. Giving such an item its identity replaces it. Items of one call may
	// exchange their names.
	// An item that cannot be stored is refused with a fault of class Item
	// (see [Unstorable]), and with it the whole call.
	PutItems(ctx context.Context, session string, items ...*Item) error
	// Counts sums up the session's items.
	Counts(ctx context.Context, session string) (Counts, error)

	// Batches iterates the session's batches by index.
	Batches(ctx context.Context, session string) iter.Seq2[*Batch, error]
	// PutBatch stores a batch.
	PutBatch(ctx context.Context, session string, b *Batch) error
	// DeleteBatch removes a batch; removing one that is not there is no error.
	DeleteBatch(ctx context.Context, session string, index int) error

	// Recall returns the ledger's entry for an item (media.ID.Key) at a
	// destination account, or ErrNotFound; an entry that says Gone is none.
	Recall(ctx context.Context, account, key string) (*LedgerEntry, error)
	// Record adds entries to the ledger; the latest for an item and account counts.
	Record(ctx context.Context, entries ...LedgerEntry) error

	// Lock takes the session, which need not be stored, for this process, or returns a *LockedError. A
	// lock whose holder is dead is taken over.
	Lock(ctx context.Context, session string) (Unlocker, error)

	// Close releases the backend. Methods fail afterwards.
	Close() error
}

// Unlocker gives a session free again.
type Unlocker = driver.Unlocker

// LedgerEntry remembers that an item, or an album, is at a destination account.
type LedgerEntry = driver.LedgerEntry

// LockedError says who holds a session.
type LockedError struct {
	Session string    `json:"session"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"` // UTC
	// Until is when the lock runs out unless its holder renews it, UTC; zero if
	// it does not run out.
	Until time.Time `json:"until,omitzero"`
}

func (e *LockedError) Error() string {
	said := fmt.Sprintf("session %s is being run by process %d on %s since %s",
		e.Session, e.PID, e.Host, e.Since.UTC().Format(time.RFC3339))
	if e.Until.IsZero() {
		return said
	}
	return said + "; its lock ends at " + e.Until.UTC().Format(time.RFC3339) + " unless it is renewed"
}

// ErrClosed is what a backend's methods fail with after Close.
var ErrClosed = errors.New("backend is closed")
