package station

import (
	"context"
	"encoding/json"

	"github.com/gondola-sync/gondola/media"
)

// Describer is what a [Source] may implement that knows more of its items than an
// [media.Item] holds. Without it, an item is described by itself.
type Describer interface {
	// Describe returns what the source knows of an item that it listed, in this run
	// or in an earlier one.
	Describe(ctx context.Context, item media.Item) (Description, error)
}

// Description is what a source knows of an item beyond its bytes. Every field may
// have its zero value. It holds no credentials, such as signed addresses.
type Description struct {
	Title  string
	Text   string          // what a user wrote about it
	Maker  string          // of the camera, such as "GoPro"
	Place  *Place          // of the capture; nil if unknown
	Record json.RawMessage // the source's own record, a JSON object of at most MostRecord bytes
	// Sidecars are the sidecar files that lie beside the file at the source, by
	// their extension, such as "xmp". They are kept byte for byte.
	Sidecars map[string][]byte
}

// MostRecord is the most bytes of [Description.Record].
const MostRecord = 64 << 10

// Place is a position on the earth.
type Place struct {
	Latitude, Longitude float64  // degrees, north and east positive
	Altitude            *float64 // metres above the sea; nil if unknown
}

// Annotator is what a [Destination] may implement that keeps descriptions beside its
// items. Without it, what a source knows beyond the bytes stays at the source.
type Annotator interface {
	// Annotates reports whether this destination is asked to keep descriptions. If
	// not, the methods below are not called.
	Annotates() bool
	// Undescribed returns, in order, for each of at most Limits().Batch ids whether
	// the item is there without its description.
	Undescribed(ctx context.Context, ids []string) ([]bool, error)
	// Annotate keeps descriptions of at most Limits().Batch items, durably. A
	// description that is there already stays as it is: a user may have edited it.
	Annotate(ctx context.Context, notes []Note) error
}

// Note is a description to be kept with an item.
type Note struct {
	ID          string // the destination's id of the item
	Item        media.Item
	Description Description
}
