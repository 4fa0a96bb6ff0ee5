package driver

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// ErrNotFound is returned for a session, a row or a ledger entry that is not there.
var ErrNotFound = errors.New("not found")

// ErrConflict is wrapped by the error of a change that another process has made
// impossible at the same moment: it took a name or an identity.
var ErrConflict = errors.New("another process stored an item of this name or identity at the same time")

// Fault returns the error of a store: what was tried, why it failed, and the next
// step, if there is one.
func Fault(op string, err error, hint string) error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: op, Err: err, Hint: hint}
}

// Store keeps rows. Every change is durable when the method that makes it returns
// nil. A Store is safe for concurrent use; its methods return ctx.Err() when ctx
// ends first. Errors are fault.Errors of class Session that name the store, or
// wrap ErrNotFound or ErrConflict. After Close methods fail.
type Store interface {
	// Header returns a session's header.
	Header(ctx context.Context, session string) (Header, error)
	// Headers lists the headers, most recently updated first. One that cannot be
	// read comes with its error and holds the ID only, and the listing goes on.
	Headers(ctx context.Context) iter.Seq2[Header, error]
	// Delete removes a session with its rows, and what an interrupted deletion has
	// left. It is called under the session's lock.
	Delete(ctx context.Context, session string) error

	// Find returns the row that ref picks.
	Find(ctx context.Context, session string, ref Ref) (Row, error)
	// Page returns the next rows that q selects, in its order, at most q.Limit:
	// fewer only at the end. A row without Document is read again by Find.
	Page(ctx context.Context, session string, q Query) ([]Row, error)
	// Sums returns what the items of each outcome sum up to.
	Sums(ctx context.Context, session string) ([]Sum, error)
	// Batches returns the next batches whose Index is greater than after, by
	// Index, at most limit.
	Batches(ctx context.Context, session string, after int64, limit int) ([]Batch, error)
	// Update calls do once, or again if an attempt has failed for a passing
	// reason, with a transaction that is all done when Update returns nil and not
	// at all otherwise. It fails if this store had the session's lock and another
	// process has taken it.
	Update(ctx context.Context, session string, do func(Tx) error) error

	// Recall returns the ledger's entry for an item at an account, which may say
	// Gone.
	Recall(ctx context.Context, account, key string) (LedgerEntry, error)
	// Record adds entries to the ledger, all or none. There is one for each
	// account and key, and they come sorted by both.
	Record(ctx context.Context, entries []LedgerEntry) error

	// Lock takes a session, stored or not, for this process.
	Lock(ctx context.Context, session string) (Unlocker, error)

	// Damaged returns the fault of a document that cannot be read: what it is of,
	// in which store, why, and what helps.
	Damaged(what string, err error) error
	// Close releases the store and the locks that it holds.
	Close() error
}

// Tx is a transaction on one session.
type Tx interface {
	// Lookup returns the rows that refs pick, each once, and keeps other
	// processes from changing them until the transaction ends. A row that has a
	// Key and was not picked by it may come with any other text.
	Lookup(refs Refs) (Found, error)
	// Write stores what w holds. It is called at most once, and last.
	Write(w Write) error
}

// Unlocker gives a session free again.
type Unlocker interface{ Unlock() error }

// NameRules is implemented by a Store that cannot hold every name, or in which
// names collide more easily than strings.
type NameRules interface {
	// CheckName returns why an item cannot have this name, or nil.
	CheckName(name string) error
	// Fold returns what all names that collide with this one have in common. Find
	// and Lookup by name pick the row whose name folds alike.
	Fold(name string) string
}

// Header is a session's header.
type Header struct {
	ID       string
	Updated  time.Time
	Document []byte
}

// Listing is what Headers returns for sessions whose headers are read one by one.
// What is not found is left out.
func Listing(names []string, read func(name string) (Header, error)) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		var all []Header
		faults := map[string]error{}
		for _, name := range names {
			h, err := read(name)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				h = Header{ID: name}
			}
			all, faults[h.ID] = append(all, h), err
		}
		slices.SortFunc(all, func(a, b Header) int {
			return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID))
		})
		for _, h := range all {
			if !yield(h, faults[h.ID]) {
				return
			}
		}
	}
}

// Row is an item.
type Row struct {
	Seq      int64  // order of discovery within the session, from 1
	Key      string // identity; "" for an item known by its name only
	Name     string // no two rows of a session have the same
	Next     string // stage that it has to pass next; "" if it is done
	Outcome  string
	Size     int64  // bytes; negative: not known
	Carried  int64  // bytes of the finished upload
	Captured string // see SortableTime
	Document []byte // a JSON object, as the codec writes it
	Where    string // what to pass to Damaged for a document that was read; "" for the default
}

// Identity returns what an item is known by: its Key or, without one, its Name, distinguished
// from keys by a NUL.
func (r Row) Identity() string {
	if r.Key == "" {
		return "\x00" + r.Name
	}
	return r.Key
}

// Batch is a create call.
type Batch struct {
	Index    int64
	Document []byte // nil to remove it
	Where    string // as of a Row
}

// Ref picks one row: by key if there is one, else by name, else by Seq.
type Ref struct {
	Key, Name string
	Seq       int64
}

// Refs picks rows by each of its lists.
type Refs struct {
	Keys  []string
	Names []string
	Seqs  []int64
	// Adding says that rows will be added, so that Last is needed and other
	// processes have to be kept from adding any.
	Adding bool
}

// Found is the answer to a Lookup. Rows need no Document.
type Found struct {
	Rows []Row
	Last int64 // the greatest Seq of the session, if rows are to be added
}

// Write is what a transaction stores; what is nil is left as it is. A session
// that is not there is made by its Header, and without one is ErrNotFound.
type Write struct {
	Header  *Header
	Items   []Change
	Batches []Batch
}

// Change stores a row in the place of another one with its Seq, or as a new one.
// The rows of one Write may exchange their names.
type Change struct {
	Before *Row // as it was looked up; nil for a new one
	Row
}

// Order is by what rows are sorted; rows that are equal in it are by Seq.
type Order string

// The orders.
const (
	BySeq      Order = ""
	ByName     Order = "name" // of bytes
	ByCaptured Order = "captured"
)

// Query selects rows: those for which all that is set holds.
type Query struct {
	Next    string // only rows with this Next
	Outcome string // only rows with this Outcome
	Prefix  string // only rows whose Name begins so
	// From and Until bound Captured, both included; "" is open. If one is set, rows
	// without Captured are left out.
	From, Until string

	Order      Order
	Descending bool
	// After is the Seq of the row that the rows come after, in Order; 0 begins at
	// the beginning. After a Seq that no row has, none comes in another order than
	// BySeq.
	After int64
	Limit int // at least 1
}

// Sum is what the items of one outcome sum up to.
type Sum struct {
	Outcome string
	Items   int
	Bytes   int64 // of those whose size is known; 0 is good enough for those skipped
	Carried int64
}

// SortableTime returns a time as text that sorts as times do; "" for the zero time.
func SortableTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999999999")
}
