package gondola

import (
	"context"
	"errors"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Plan is what a run would do.
type Plan struct {
	SessionID    string
	Account      string // of the destination, such as "gphotos:3f9a…"
	Items        int    // to be carried
	Bytes        int64  // of those whose size is known
	UnknownSizes int    // of those whose size is not
	AlreadyThere int
	Skips        map[string]int   // refused items by code
	Requests     map[string]int64 // estimated, by kind, such as "gphotos_json"
}

// PlannedItem is one item of a plan.
type PlannedItem struct {
	Item         media.Item
	AlreadyThere bool // nothing to do; Item.Refusal tells of the other reason
}

// MakePlan lists what Sync would carry, calling each for every item, and
// changes nothing anywhere. Where a stored session keeps what o asks otherwise,
// o.Hooks.Event is told. It returns the first error of the account, the listing,
// the backend or each.
func MakePlan(ctx context.Context, o Options, each func(PlannedItem) error) (*Plan, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	r, err := newRun(ctx, ctx, o)
	if err != nil {
		return nil, err
	}
	s, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	if r.account, err = accountOf(ctx, o.Destination, o.Backend, s); err != nil {
		return nil, err
	}
	p := &Plan{SessionID: r.id, Account: r.account, Skips: map[string]int{}, Requests: map[string]int64{}}
	limit, err := r.newLimit(ctx, s, anyItem)
	if err != nil {
		return nil, err
	}
	r.found = limit.awaited
	for item, err := range o.Source.List(ctx, r.window) {
		if err != nil {
			return nil, err
		}
		if item = item.Bounded(); !s.Filter.Match(item) {
			continue
		}
		take, more, err := limit.admit(ctx, item)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if !take {
			continue
		}
		planned, err := r.planItem(ctx, item)
		if err != nil {
			return nil, err
		}
		p.add(planned)
		if err := each(planned); err != nil {
			return nil, err
		}
	}
	p.estimateRequests(r)
	return p, nil
}

func (r *run) planItem(ctx context.Context, item media.Item) (PlannedItem, error) {
	known, err := r.known(ctx, &item)
	if errors.Is(err, state.ErrNotFound) {
		r.found++
	}
	switch {
	case err == nil && known.Awaits() == "" && known.Refusal == nil:
		return PlannedItem{Item: known.Item, AlreadyThere: true}, nil
	case err != nil && !errors.Is(err, state.ErrNotFound):
		return PlannedItem{}, err
	}
	if item.Refusal == nil {
		item.Refusal = r.opt.Destination.Refuse(item)
	}
	if item.Refusal != nil {
		return PlannedItem{Item: item}, nil
	}
	_, err = r.inLedger(ctx, &item)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return PlannedItem{}, err
	}
	return PlannedItem{Item: item, AlreadyThere: err == nil}, nil
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

// estimateRequests adds what carrying will ask for to what listing has asked
// for.
func (p *Plan) estimateRequests(r *run) {
	load := station.Load{Items: int64(p.Items), Bytes: p.Bytes, Batch: int64(r.opt.BatchSize)}
	if c, ok := r.opt.Source.(station.Meter); ok {
		for kind, n := range c.Requests() {
			p.Requests[kind] += n
		}
	}
	for _, end := range []any{r.opt.Source, r.opt.Destination} {
		if f, ok := end.(station.Forecaster); ok {
			for kind, n := range f.Forecast(load) {
				p.Requests[kind] += n
			}
		}
	}
}
