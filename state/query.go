package state

import (
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/driver"
)

// Order is by what found items are sorted; items that are equal in it are by Seq.
type Order = driver.Order

// The orders.
const (
	BySeq      = driver.BySeq
	ByName     = driver.ByName
	ByCaptured = driver.ByCaptured
)

// Query finds items: those for which all that is set holds. The zero Query finds
// all, by Seq.
type Query struct {
	Awaiting Stage        // only items whose Next is this
	Outcome  Outcome      // only items whose Outcome is this
	Prefix   string       // only items whose name begins so
	Captured media.Window // only items that were captured in it; those without a capture time were not

	Order      Order
	Descending bool
	// After is the Seq of an item: only items that come after it, in Order. It is
	// the cursor of a listing by pages; 0 begins at the beginning.
	After int64
	Limit int // at most so many; 0 for no limit
}

// rows returns the query of a driver for the next size rows.
func (q Query) rows(size int) driver.Query {
	return driver.Query{
		Next: string(q.Awaiting), Outcome: string(q.Outcome), Prefix: q.Prefix,
		From: driver.SortableTime(media.Moment(q.Captured.Start)), Until: driver.SortableTime(media.Moment(q.Captured.End)),
		Order: q.Order, Descending: q.Descending, After: q.After, Limit: size,
	}
}
