package gondola

import (
	"context"
	"time"

	"github.com/gondola-sync/gondola/internal/engine"
	"github.com/gondola-sync/gondola/media"
)

// Plan is what a run would do.
type Plan struct {
	SessionID    string
	Account      string // of the destination, such as "gphotos:3f9a…"; "" for a new folder, which has none yet
	Items        int    // to be carried
	Bytes        int64  // of those whose size is known
	UnknownSizes int    // of those whose size is not
	AlreadyThere int
	Skips        map[string]int   // refused items by code
	Requests     map[string]int64 // estimated, by kind, such as "gphotos_json"
	// Paced is the least time that registering takes, since an account takes so many
	// writes a minute; 0 if that is no limit.
	Paced time.Duration
}

// PlannedItem is one item of a plan.
type PlannedItem struct {
	Item         media.Item
	AlreadyThere bool // nothing to do; the other reason is Item.Refusal
}

// MakePlan lists what Sync would carry, calling each, if it is not nil, for every
// item, and changes nothing anywhere. Where a stored session keeps what o asks
// otherwise, a [progress.Notice] is published to o.Bus. It returns the first error
// of the account, the listing, the backend or each. With a [station.UnreadError] it
// also returns the plan of what could be read, which a run would carry.
func MakePlan(ctx context.Context, o Options, each func(PlannedItem) error) (*Plan, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Plan{Skips: map[string]int{}}
	made, err := engine.MakePlan(ctx, o.engine(), func(it engine.Planned) error {
		p.add(PlannedItem(it))
		if each == nil {
			return nil
		}
		return each(PlannedItem(it))
	})
	if made == nil {
		return nil, err
	}
	p.SessionID, p.Account, p.Requests, p.Paced = made.SessionID, made.Account, made.Requests, made.Paced
	return p, err
}

func (p *Plan) add(item PlannedItem) {
	switch {
	case item.AlreadyThere:
		p.AlreadyThere++
	case item.Item.Refusal != nil:
		p.Skips[item.Item.Refusal.Code]++
	default:
		p.Items++
		if item.Item.Size == media.SizeUnknown {
			p.UnknownSizes++
		} else {
			p.Bytes += item.Item.Size
		}
	}
}
