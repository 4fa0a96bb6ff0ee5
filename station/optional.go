package station

import (
	"context"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// Prefetcher is what a [Source] may implement to do ahead of Open what costs
// round trips and needs no bytes, such as resolving a signed address. Without
// it, Open does that work itself.
type Prefetcher interface {
	// Prefetch makes the next Open of the item cheap, for some minutes at least.
	// Nothing is lost if it is not called, or fails: Open then does the same.
	Prefetch(ctx context.Context, item media.Item) error
}

// ListOptions select what [Relister.Relist] lists. The functions may be nil. They
// are called by one goroutine at a time.
type ListOptions struct {
	Window media.Window // of capture times
	// Known reports whether all items that a medium has in the state of this
	// revision are known: see [media.Item.Revision]. Then none of them is listed.
	Known func(medium, revision string) bool
	// Carried reports whether an earlier program carried the file to which it gave
	// a name (see [media.Item.LegacyName]), and the address that it was downloaded
	// from, "" if unknown; the address is a credential. A source may list such a
	// file by what its listing says, without looking closer.
	Carried func(legacyName string) (address string, ok bool)
	// Wants reports whether items of a kind and of the source's own type are
	// wanted. A medium that consists of others only need not be listed.
	Wants func(kind media.Kind, typ string) bool
	// Describe says that the source will be asked to describe its items (see
	// [Describer]): what the listing shows of them it may keep at hand.
	Describe bool
	// Notice is called with each remark on the listing that a user should read.
	Notice func(text string)
	// Album, if not nil, asks for the albums of the items, and is called with each
	// album that has an id. An item whose albums have become others has then another
	// revision.
	Album func(a media.Album)
}

// Relister is what a [Source] may implement so that listing again what a session
// holds costs little. Without it, every run lists everything anew.
type Relister interface {
	// Relist is List, without the media that o.Known knows in the state in which
	// the source finds them, and without those that o.Wants does not want.
	Relist(ctx context.Context, o ListOptions) iter.Seq2[media.Item, error]
}

// TypeLister is what a [Source] may implement so that a filter for a type that
// the source does not have is refused. Without it, such a filter matches nothing.
type TypeLister interface {
	// Types returns the source's own words for types, such as "TimeLapse".
	Types() []string
}

// Qualifier is what a [Source] may implement that offers its items in several
// qualities. Without it, items are the originals.
type Qualifier interface {
	// Quality returns the quality that is listed and opened: "source", or a height
	// in pixels such as "1080".
	Quality() string
}

// Arranger is what a [Destination] may implement that puts its items where a
// template says. Without it, items have no place.
type Arranger interface {
	// Layout returns the template; "" for the default one.
	Layout() string
}

// Meter is what a station may implement to have its requests counted in the
// summary of a run. Without it, its requests are not counted.
type Meter interface {
	// Requests returns how many requests were sent so far, by kind, such as
	// "cdn".
	Requests() map[string]int64
}

// Albums is what a [Destination] may implement to create items in albums: see
// [Batch.AlbumID]. Without it, a run that names an album is refused.
type Albums interface {
	// Album returns the id of the album with this title, creating it if missing.
	Album(ctx context.Context, title string) (id string, err error)
}

// Filer is what a [Destination] may implement to put items into albums that are
// there already, and to rename albums. Without it, only what a run creates is put
// into an album, and into one.
type Filer interface {
	Albums
	// AddToAlbum puts at most Limits().Batch items into an album and returns nil or
	// an error for each. An error of the call says that nothing is known about any
	// of them. Repeating it is safe: an item that is in the album stays in it, once.
	// An album that does not take so many more fails the call with fault.AlbumFull,
	// one that is gone with fault.Album; then nothing was added.
	AddToAlbum(ctx context.Context, albumID string, members []Member) ([]error, error)
	// RenameAlbum gives an album another title.
	RenameAlbum(ctx context.Context, albumID, title string) error
}

// Orderer is what a [Filer] may implement whose albums get their order when they are
// filled. Without it, the order is that in which items were put into them.
type Orderer interface {
	// OrderAlbums puts the albums that have changed in order. It is called at the end
	// of each run that fills albums; repeating it is safe.
	OrderAlbums(ctx context.Context) error
}

// Member is an item that is to be in an album.
type Member struct {
	ID   string // the destination's id of the item
	Item media.Item
}

// Pace is how many writes an account takes, from all processes together.
type Pace struct {
	Writes int           // in any span of Per; 0 for no limit
	Per    time.Duration // a minute, say
}

// WriteGate lets the writes of an account through, one at a time.
type WriteGate interface {
	// Enter returns when a write may be sent: no other one is under way, in
	// whichever process, and the pace of the account allows one more. The function
	// leave must be called when the write has ended, however it ended.
	Enter(ctx context.Context) (leave func(), err error)
}

// Gated is what a [Destination] may implement whose account takes one write at a
// time, and so many of them in a span of time, from all processes together.
// Without it, processes write to one account at the same time.
type Gated interface {
	// Pace returns how many writes the account takes.
	Pace() Pace
	// Gate returns the destination with each of its write requests, further
	// attempts included, going through a gate. It shares everything else with the
	// one it was made of, which stays as it is.
	Gate(g WriteGate) Destination
}

// Newcomer is what a [Destination] may implement that gets its account when it is
// first written to. Without it, the account that Account returns is there.
type Newcomer interface {
	// New reports whether there is no account yet: what Account returns is given to
	// the destination when this process writes to it, and another one by another
	// process.
	New(ctx context.Context) (bool, error)
}

// Expirer is what a [Destination] may implement whose receipts get too old to be
// spent. Without it, receipts are spent whatever their age.
type Expirer interface {
	// Stale reports whether a receipt is too old to be spent.
	Stale(r Receipt) bool
}

// Inspector is what a [Destination] may implement so that a verification can
// look at its items, many in one call. Without it, nothing is known of what it
// holds: a verification proves no item, and a login as another account than the
// session's cannot be distinguished from another login of the same one, and is refused.
type Inspector interface {
	// Inspect returns what the account holds under each of at most Limits().Batch
	// different ids, in order: nil where there is nothing.
	Inspect(ctx context.Context, ids []string) ([]*RemoteItem, error)
}

// Digester is what a [Source] may implement whose files cost little to read. A run
// then recognises by its bytes a file that was moved or renamed, and does not carry
// it again. Without it, another identity is another file.
type Digester interface {
	// Digest returns the SHA-256 of an item's bytes in lower-case hex.
	Digest(ctx context.Context, item media.Item) (string, error)
	// Has reports whether the source holds a file of this identity.
	Has(ctx context.Context, id media.ID) bool
}

// Recaller is what a [Destination] may implement that knows by itself what it
// holds, under identities of its own for certain, at little cost for each item.
// Without it, the ledger of the store alone says so.
//
// A run then looks at every item that its session holds as arrived: one that is
// gone is carried again, one that is [Altered] is named and stays.
type Recaller interface {
	Inspector
	// Recall returns what the destination holds of an item, or nil.
	Recall(ctx context.Context, item media.Item) (*Recalled, error)
	// RecallBytes returns an item of so many bytes and this digest, or nil. The
	// digest, a SHA-256 in lower-case hex, costs reading: it is asked for only if
	// something of this size is there.
	RecallBytes(ctx context.Context, size int64, digest func() (string, error)) (*Recalled, error)
}

// Recalled is what a destination knows of an item that it holds.
type Recalled struct {
	Key     string    // of the item
	ID      string    // the destination's id of the item
	Version string    // media.Item.Version of what was carried; "" if unknown
	SHA256  string    // lower-case hex of the bytes; "" if unknown
	Size    int64     // bytes
	Session string    // that registered it; "" if unknown
	At      time.Time // when it was registered, UTC
}

// Locker is what a [Destination] may implement into which one run at a time may
// carry. Without it, any number of runs may.
type Locker interface {
	// Lock takes the destination for this process until unlock is called, or fails
	// with fault.Locked. What a destination needs to begin with is made here.
	Lock(ctx context.Context) (unlock func() error, err error)
}

// Load is what a plan would carry.
type Load struct {
	Items int64
	Bytes int64 // of the items whose size is known
	Batch int64 // items per create call
}

// Forecaster is what a station may implement so that a plan can say how many
// requests it takes. Without it, a plan counts none of the station.
type Forecaster interface {
	// Forecast estimates the requests that a load takes, by kind, as in
	// [Meter.Requests].
	Forecast(load Load) map[string]int64
}
