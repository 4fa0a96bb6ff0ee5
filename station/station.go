package station

import (
	"context"
	"iter"

	"github.com/gondola-sync/gondola/media"
)

// Source is a station that can be listed and opened. It is safe for concurrent
// use, and never changes what it holds.
type Source interface {
	// Name returns the name of the station, such as "gopro:".
	Name() string
	// Origin returns which instance of the station this is, such as
	// "gopro:0f3a1c9e…" for one login or the id of one folder, the same in every
	// run; "" if it is not known. Two origins never share a session.
	Origin(ctx context.Context) (string, error)
	// List streams the items whose capture time lies in the window, each once,
	// those of one medium next to each other and in the order of their parts.
	// Names are safe but not unique. Items that cannot be carried come with
	// their Refusal. The sequence ends with an error, once, if the listing fails
	// or cannot be proven complete (fault.ListingIncomplete); otherwise what it
	// yielded is everything.
	List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error]
	// Open opens an item at a byte offset. With a version, it opens only that
	// version and otherwise fails with fault.Changed. Body ends with an error,
	// not with io.EOF, when the connection drops before the end.
	Open(ctx context.Context, item media.Item, offset int64, version string) (*Content, error)
}

// Destination is a station that can be uploaded to and created in. It is safe
// for concurrent use, except that Create is called by one goroutine at a time.
type Destination interface {
	// Name returns the name of the station, such as "gphotos:".
	Name() string
	// Account returns the name of the account behind it, such as
	// "gphotos:3f9a1c…", the same in every run; the ledger is kept by it.
	Account(ctx context.Context) (string, error)
	// Refuse returns why an item cannot be taken, or nil. It is called before
	// any byte moves, and again when the size becomes known.
	Refuse(item media.Item) *media.Refusal
	// Upload carries one item's bytes. It resumes from u.From if it still can
	// and recovers by itself when either connection drops; a Transient error
	// means that it has given up for now and that the last checkpoint holds.
	Upload(ctx context.Context, u Upload) (Receipt, error)
	// Create registers a batch of at most Limits().Batch entries and returns one
	// result per entry. An error says that nothing is known about any entry;
	// repeating the call with the same receipts is safe.
	Create(ctx context.Context, b Batch) (BatchResult, error)
	// Limits returns what the destination takes, the same in every call.
	Limits() Limits
}

// Limits are what a [Destination] takes.
type Limits struct {
	Batch int // most entries of one Create, and ids of one Inspect; at least 1
}
