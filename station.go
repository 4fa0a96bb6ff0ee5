package gondola

import (
	"context"
	"iter"

	"github.com/gondola-sync/gondola/media"
)

// Source is a station that can be listed and opened. It is safe for concurrent
// use, and never changes what it holds.
type Source interface {
	// Station names the station, such as "gopro:".
	Station() string
	// List streams the items whose capture time lies in the window, each once.
	// Names are safe but not unique. Items that cannot be carried come with
	// their Refusal. The sequence ends with an error, once, if the listing fails
	// or cannot be proven complete (media.CodeListingIncomplete); otherwise what
	// it yielded is everything.
	List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error]
	// Open opens an item at a byte offset. With a version, it opens only that
	// version and otherwise fails with media.CodeChanged. Body ends with an
	// error, not with io.EOF, when the connection drops before the end.
	Open(ctx context.Context, item media.Item, offset int64, version string) (*media.Content, error)
}

// Relister is what a Source may offer so that listing again what a session holds
// costs little.
type Relister interface {
	// Relist is List, without the media that o.Known knows in the state in which
	// the source finds them, and without those that o.Wants does not want.
	Relist(ctx context.Context, o media.ListOptions) iter.Seq2[media.Item, error]
}

// Destination is a station that can be uploaded to and created in. It is safe
// for concurrent use, except that Create is called by one goroutine at a time.
type Destination interface {
	// Station names the station, such as "gphotos:".
	Station() string
	// Account names the account behind it, such as "gphotos:3f9a1c…", the same
	// in every run; the ledger is kept by it.
	Account(ctx context.Context) (string, error)
	// Refuse returns why an item cannot be taken, or nil. It is asked before
	// any byte moves, and again when the size becomes known.
	Refuse(item media.Item) *media.Refusal
	// Upload carries one item's bytes. It resumes from u.From if it still can
	// and recovers by itself when either connection drops; a Transient fault
	// means that it has given up for now and that the last checkpoint holds.
	Upload(ctx context.Context, u media.Upload) (media.Receipt, error)
	// Stale reports whether a receipt is too old to be spent.
	Stale(r media.Receipt) bool
	// Album returns the id of the album with this title, creating it if missing.
	Album(ctx context.Context, title string) (id string, err error)
	// Create registers a batch of at most BatchSize entries and returns one
	// result per entry. An error says that nothing is known about any entry;
	// repeating the call with the same receipts is safe.
	Create(ctx context.Context, b media.Batch) (media.Created, error)
	// BatchSize is the most entries one Create takes.
	BatchSize() int
	// Holds reports whether the account holds an item it returned the id of.
	Holds(ctx context.Context, id string) (bool, error)
}

// Inspector is what a Destination may offer so that [Verify] can look at its
// items, many in one call. Without it, Verify learns from Holds only that
// something is there.
type Inspector interface {
	// Inspect tells of at most BatchSize ids, which differ, what the account
	// holds under each, in order: nil where there is nothing.
	Inspect(ctx context.Context, ids []string) ([]*media.Held, error)
}

// typed is what a Source may offer so that a filter that asks for a type that
// the source does not have is refused.
type typed interface{ Types() []string }

// requestCounter is what a station may offer to have its requests counted in
// the summary, by kind, such as "cdn".
type requestCounter interface{ Requests() map[string]int64 }
