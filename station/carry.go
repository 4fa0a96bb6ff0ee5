package station

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// Content is an item opened at an offset. The reader of Body owns it and
// closes it.
type Content struct {
	Body   io.ReadCloser // the bytes from Offset to the end
	Offset int64         // bytes
	Size   int64         // bytes of the whole item, not of Body
	// Version is an opaque tag, such as an ETag, that changes when the bytes
	// change; "" when the source has none. Two empty versions say nothing of each
	// other: the bytes behind them are compared, or carried from the beginning.
	Version string
}

// Opener opens one item at a byte offset. It may be called many times in the
// course of one upload.
type Opener func(ctx context.Context, offset int64) (*Content, error)

// Upload is the order to carry one item's bytes to a destination.
type Upload struct {
	Item media.Item
	Open Opener
	// From is where an interrupted upload stopped, or nil.
	From *Checkpoint
	// Save stores a checkpoint; when it returns nil, the checkpoint survives a
	// crash. A destination calls it before the first byte of a new upload
	// session and whenever further bytes are confirmed.
	Save func(ctx context.Context, c Checkpoint) error
	// Sent, if not nil, is called with the number of bytes handed to the network.
	Sent func(n int64)
	// Resent, if not nil, is called with the number of bytes that had been sent
	// before and were not kept, so that they go over the line again.
	Resent func(n int64)
	// Failed, if not nil, is called with each failure of the destination that the
	// upload then recovers from, or not.
	Failed func(err error)
}

// Checkpoint is what an interrupted upload needs to go on. It holds credentials:
// it never reaches a log.
type Checkpoint struct {
	Size      int64     `json:"size"`                 // bytes of the whole item
	Confirmed int64     `json:"confirmed"`            // bytes the destination has acknowledged
	StartedAt time.Time `json:"started_at"`           // UTC
	Version   string    `json:"version,omitempty"`    // Content.Version of the bytes sent so far
	Account   string    `json:"account,omitempty"`    // account the upload belongs to
	HashAt    int64     `json:"hash_at"`              // bytes that HashState covers
	HashState []byte    `json:"hash_state,omitempty"` // marshalled SHA-256 of the first HashAt bytes
	// Resume is what the destination alone reads, such as an upload URL or the
	// name of a partial file: a JSON value, or nil.
	Resume json.RawMessage `json:"resume,omitempty"`
}

// LogValue leaves out what the destination reads and the hash state.
func (c Checkpoint) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("size", c.Size),
		slog.Int64("confirmed", c.Confirmed),
		slog.Time("started_at", c.StartedAt),
	)
}

// Receipt proves that an item's bytes are at the destination, not yet that the
// item is in the library. Token is a credential: it never reaches a log.
type Receipt struct {
	Token  string    `json:"-"`                // what Create spends
	Size   int64     `json:"size"`             // bytes
	SHA256 string    `json:"sha256,omitempty"` // lower-case hex of the bytes as they passed; "" if unknown
	At     time.Time `json:"at,omitzero"`      // UTC; destinations forget tokens with age
	// Once says that the receipt can be spent by one create call only, and that
	// the same bytes must not stand twice in one call.
	Once bool `json:"-"`
}

// LogValue leaves out the token.
func (r Receipt) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("size", r.Size),
		slog.String("sha256", r.SHA256),
		slog.Time("at", r.At),
	)
}

// Batch is what one create call registers.
type Batch struct {
	AlbumID string // "" for none
	Session string // the session that registers it, for the record
	Entries []Entry
}

// Entry is one carried item to be registered.
type Entry struct {
	Item    media.Item
	Receipt Receipt
	// MaybeSpent says that the receipt was in an earlier call whose answer is
	// not known: the item may be at the destination already. A destination that
	// takes a receipt only once fails such an entry with fault.TokenInvalid.
	MaybeSpent bool
}

// BatchResult is the answer to a Batch.
type BatchResult struct {
	Results []Result // one per entry, in order
	// Responses are the service's answers as JSON documents, for the record.
	Responses []string
}

// Result is the outcome of one entry: Err is nil if and only if the item is at
// the destination.
type Result struct {
	ID  string // the destination's id of the item
	Err error  // a *fault.Error
}
