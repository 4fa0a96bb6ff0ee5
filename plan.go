package gondola

import (
	"github.com/gondola-sync/gondola/media"
)

// Plan is what a run would do.
type Plan struct {
	SessionID    string
	Items        int   // to be carried
	Bytes        int64 // of those whose size is known
	UnknownSizes int   // of those whose size is not
	AlreadyThere int
	Skips        map[string]int   // refused items by code
	Requests     map[string]int64 // estimated, by kind, such as "gphotos_json"
}

// PlannedItem is one item of a plan.
type PlannedItem struct {
	Item         media.Item
	AlreadyThere bool // nothing to do; Item.Refusal tells of the other reason
}
