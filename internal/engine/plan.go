package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/discover"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Planned is one item of a plan.
type Planned struct {
	Item         media.Item
	AlreadyThere bool
}

// Plan is what a run would do.
type Plan struct {
	SessionID string
	Account   string // of the destination; "" if a run would give it one
	Load      station.Load
	Requests  map[string]int64 // estimated, by kind
	Paced     time.Duration    // least time that the pace of the account's writes allows; 0 for no limit
}

// MakePlan decides about every listed item as a run would, and changes nothing. It
// calls each for every item, with what is to be carried counted in Plan.Load. With a
// station.UnreadError it returns the plan of what could be read.
func MakePlan(ctx context.Context, o Options, each func(Planned) error) (*Plan, error) {
	m := monitor.New(o.Log, o.Publish)
	id, err := o.findSession(ctx)
	if err != nil {
		return nil, err
	}
	s, err := session.Open(ctx, ctx, o.Backend, id, o.asked(m))
	if err != nil {
		return nil, err
	}
	if err := s.Settle(ctx, o.Destination); err != nil {
		return nil, err
	}
	if err := s.CheckOrigin(ctx, o.Source); err != nil {
		return nil, err
	}
	p := &planner{o: o, session: s, changed: map[int64]*state.Item{}, load: station.Load{Batch: int64(s.Header().BatchSize)}}
	unread := p.list(ctx, each)
	if unread != nil && unreadOf(unread) == nil {
		return nil, unread
	}
	account, err := lasting(ctx, o.Destination, s.Account)
	if err != nil {
		return nil, err
	}
	return &Plan{SessionID: id, Account: account, Load: p.load, Requests: p.requests(), Paced: paced(o.Destination, p.load)}, unread
}

// lasting returns the account of a destination, or "" if the next run would give it
// another one.
func lasting(ctx context.Context, d station.Destination, account string) (string, error) {
	newcomer, ok := d.(station.Newcomer)
	if !ok {
		return account, nil
	}
	if isNew, err := newcomer.New(ctx); isNew || err != nil {
		return "", err
	}
	return account, nil
}

// paced returns the least time that the writes of a load take: a create call for
// each batch, of which the account takes so many in a span of time.
func paced(d station.Destination, load station.Load) time.Duration {
	gated, ok := d.(station.Gated)
	if !ok || gated.Pace().Writes == 0 {
		return 0
	}
	pace, batch := gated.Pace(), max(load.Batch, 1)
	later := max((load.Items+batch-1)/batch-int64(pace.Writes), 0)
	return time.Duration(later) * pace.Per / time.Duration(pace.Writes)
}

// planner decides about listed items without storing anything.
type planner struct {
	o       Options
	session *session.Session
	// changed are the items, by Seq, of a Foreign session as a run would have
	// stored them by now: the names of a listing meet them.
	changed map[int64]*state.Item
	load    station.Load
}

// Item is discover.Known.
func (p *planner) Item(ctx context.Context, key string) (*state.Item, error) {
	return p.current(p.session.Item(ctx, key))
}

// ItemNamed is discover.Known.
func (p *planner) ItemNamed(ctx context.Context, name string) (*state.Item, error) {
	return p.current(p.session.ItemNamed(ctx, name))
}

// Recall is discover.Known.
func (p *planner) Recall(ctx context.Context, key string) (*state.LedgerEntry, error) {
	return p.session.Recall(ctx, key)
}

// current returns a stored item as a run would have changed it by now.
func (p *planner) current(stored *state.Item, err error) (*state.Item, error) {
	if err != nil {
		return nil, err
	}
	return cmp.Or(p.changed[stored.Seq], stored), nil
}

func (p *planner) list(ctx context.Context, each func(Planned) error) error {
	filter := p.session.Header().Filter
	lookup := &discover.Lookup{Known: p, Foreign: p.session.Foreign, Refuse: p.o.Destination.Refuse, Recaller: recaller(p.o.Destination), Digester: digester(p.o.Source)}
	limit, err := discover.NewLimit(ctx, lookup, p.session, filter.MaxItems, discover.AnyItem)
	if err != nil {
		return err
	}
	for item, err := range p.o.Source.List(ctx, p.session.Window) {
		if err != nil {
			return err
		}
		if item = item.Bounded(); !filter.Match(item) {
			continue
		}
		take, more, err := limit.Admit(ctx, item)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if !take {
			continue
		}
		facts, err := lookup.Facts(ctx, item)
		if err != nil {
			return err
		}
		decided := decide.Decide(facts)
		if facts.Held == nil && facts.Named == nil {
			limit.Took()
		}
		for _, it := range p.apply(decided) {
			if err := each(p.plan(it)); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply keeps what a run would store, and returns the items to be planned: the
// listed one, and the one that is carried again because of it if the listing has
// shown that before.
func (p *planner) apply(d decide.Decision) []*state.Item {
	if !p.session.Foreign {
		return []*state.Item{d.Item}
	}
	planned := []*state.Item{d.Item}
	if d.Other != nil {
		if _, listed := p.changed[d.Other.Seq]; listed {
			planned = append(planned, d.Other)
		}
		p.changed[d.Other.Seq] = d.Other
	}
	if d.Before != nil {
		p.changed[d.Item.Seq] = d.Item
	}
	return planned
}

func (p *planner) plan(it *state.Item) Planned {
	switch {
	case it.Refusal != nil:
		return Planned{Item: it.Item}
	case it.Awaits() == "":
		return Planned{Item: it.Item, AlreadyThere: true}
	}
	if it.Awaits() == state.Transfer || it.Awaits() == state.Create {
		p.load.Items++
		p.load.Bytes += max(it.Size, 0)
	}
	return Planned{Item: it.Item}
}

// requests adds what carrying would ask for to what listing has asked for.
func (p *planner) requests() map[string]int64 {
	all := requests(p.o.Source)
	for _, s := range []any{p.o.Source, p.o.Destination} {
		if f, ok := s.(station.Forecaster); ok {
			for kind, n := range f.Forecast(p.load) {
				all[kind] += n
			}
		}
	}
	return all
}
