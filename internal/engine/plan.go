package engine

import (
	"context"

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
	Account   string // of the destination
	Load      station.Load
	Requests  map[string]int64 // estimated, by kind
}

// MakePlan decides about every listed item as a run would, and changes nothing. It
// calls each for every item, with what is to be carried counted in Plan.Load.
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
	p := &planner{o: o, session: s, linked: map[int64]bool{}, load: station.Load{Batch: int64(s.Header().BatchSize)}}
	if err := p.list(ctx, each); err != nil {
		return nil, err
	}
	return &Plan{SessionID: id, Account: s.Account, Load: p.load, Requests: p.requests()}, nil
}

// planner decides about listed items without storing anything.
type planner struct {
	o       Options
	session *session.Session
	// linked are the Seqs of items known by name only that the listing has linked:
	// a second medium of the name is another item.
	linked map[int64]bool
	load   station.Load
}

func (p *planner) list(ctx context.Context, each func(Planned) error) error {
	filter := p.session.Header().Filter
	lookup := &discover.Lookup{Known: p.session, Foreign: p.session.Foreign, Refuse: p.o.Destination.Refuse, Recaller: recaller(p.o.Destination), Digester: digester(p.o.Source)}
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
		planned := p.decide(facts)
		if facts.Held == nil && facts.Named == nil {
			limit.Took()
		}
		if err := each(planned); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) decide(facts decide.Facts) Planned {
	if facts.Named != nil {
		if p.linked[facts.Named.Seq] {
			facts.Named = nil
		} else {
			p.linked[facts.Named.Seq] = true
		}
	}
	it := decide.Decide(facts).Item
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
