package audit

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Status says whether an item is at a destination.
type Status string

// The statuses.
const (
	Safe    Status = "safe"    // a destination that was asked now holds it
	AtRisk  Status = "at_risk" // no destination holds it
	Unknown Status = "unknown" // a destination that may hold it could not be asked
)

// Item is what an audit finds of one item.
type Item struct {
	Item   media.Item
	Status Status
	At     []string // names of the destinations where it was found
	Reason string   // a clause on why it is not safe; "" if it is
}

// Options are the parts of an audit. All are required but At, Wait and All.
type Options struct {
	Source  station.Source
	Backend state.Backend
	// Open opens a destination by its name, or returns nil for one that is left out,
	// since it overlaps the source. It is called once for each name.
	Open func(ctx context.Context, name string) (station.Destination, error)
	// At names destinations to ask beside those of the sessions.
	At []string
	// Wait is how long to wait, in all, for what a destination still processes.
	Wait time.Duration
	// All says that every place is asked for every item that it may hold. Without
	// it, one place that holds an item is enough.
	All bool
	// Each is called for every item, those of media that a session holds unchanged
	// last. An error from it ends the audit.
	Each    func(Item) error
	Notice  func(text string) // called with each remark that a user should read
	Waiting func(fault.Wait)  // called before each wait
	Log     *slog.Logger
}

// Place is a destination that was asked, or should have been.
type Place struct {
	Name    string
	Account string // "" if it is not known
	Asked   int    // items that it was asked for
	Found   int    // items that it holds
	Unknown int    // items that are unknown because it could not be asked
	Takes   int    // items at risk that it would take
	Err     error  // why it could not be asked
}

// Failed reports whether items are unknown because the place could not be asked.
func (p Place) Failed() bool { return p.Err != nil && p.Unknown > 0 }

// Result sums up an audit.
type Result struct {
	Origin string // of the source
	// Listed says that the source was listed to its proven end. Without it, the
	// items that were looked at are not all, and no claim can be made.
	Listed bool

	Media   int // listed
	Items   int // looked at, of which
	Safe    int
	AtRisk  int
	Unknown int

	BytesAtRisk int64 // of the items whose size is known
	Unsized     int   // items at risk whose size is not known
	Refused     int   // items at risk that the source does not give out
	Places      []Place
	Requests    map[string]int64 // by kind
}

// auditor is one audit.
type auditor struct {
	Options
	result   Result
	places   []*place
	opened   map[string]*opened // destinations, by name
	foreign  map[string]bool    // sessions of another origin
	digester station.Digester   // nil if the source is none
	medium   string             // that was listed last
	known    *known             // nil if every medium is listed anew
	page     []*finding
}

// pageSize is how many items are in memory at a time.
const pageSize = 1000

// Run looks for every item of the source. Its error says that the source could not
// be listed to its proven end, that the store failed, or that ctx ended; the result
// then covers what was looked at. Destinations that failed are in the result.
func Run(ctx context.Context, o Options) (*Result, error) {
	a := &auditor{Options: o, opened: map[string]*opened{}, foreign: map[string]bool{}}
	a.digester, _ = o.Source.(station.Digester)
	err := a.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	a.sumUp()
	return &a.result, err
}

func (a *auditor) run(ctx context.Context) error {
	if err := a.survey(ctx); err != nil {
		return err
	}
	listing, err := a.listing(ctx)
	if err != nil {
		return err
	}
	for item, err := range listing {
		if err != nil {
			return err
		}
		if a.medium != item.ID.Medium || a.result.Media == 0 { // the items of one medium come together
			a.medium = item.ID.Medium
			a.result.Media++
		}
		if err := a.add(ctx, item.Bounded()); err != nil {
			return err
		}
	}
	if err := a.addKnown(ctx); err != nil {
		return err
	}
	if err := a.flush(ctx); err != nil {
		return err
	}
	a.result.Listed = true
	return nil
}

// add puts an item on the page, and looks for the items of a full one.
func (a *auditor) add(ctx context.Context, item media.Item) error {
	a.page = append(a.page, &finding{Item: Item{Item: item}})
	if len(a.page) < pageSize {
		return nil
	}
	return a.flush(ctx)
}

// flush looks for the items of the page.
func (a *auditor) flush(ctx context.Context) error {
	for _, find := range []finder{a.byKey, a.byBytes} {
		for _, p := range a.places {
			if err := a.ask(ctx, p, find); err != nil {
				return err
			}
		}
	}
	for _, f := range a.page {
		a.conclude(f)
		if err := a.Each(f.Item); err != nil {
			return err
		}
	}
	a.page = a.page[:0]
	return ctx.Err()
}

// conclude sets the status of an item and counts it.
func (a *auditor) conclude(f *finding) {
	a.result.Items++
	switch {
	case len(f.At) > 0:
		f.Status = Safe
		a.result.Safe++
		return
	case len(f.blocked) > 0:
		f.Status = Unknown
		a.result.Unknown++
		for _, p := range f.blocked {
			p.Unknown++
		}
	default:
		f.Status = AtRisk
		a.countRisk(f)
	}
	if f.Reason = strings.Join(f.why, "; "); f.Reason == "" {
		f.Reason = "no session has carried it"
	}
}

// countRisk counts an item at risk, and the places that would take it. If nothing
// else says why it is at risk, their refusals do.
func (a *auditor) countRisk(f *finding) {
	a.result.AtRisk++
	if size := f.Item.Item.Size; size >= 0 {
		a.result.BytesAtRisk += size
	} else {
		a.result.Unsized++
	}
	if refusal := f.Item.Item.Refusal; refusal != nil {
		a.result.Refused++
		f.why = append(f.why, refusal.Reason)
		return
	}
	silent := len(f.why) == 0
	for _, p := range a.places {
		if p.to == nil {
			continue
		}
		switch refusal := p.to.Refuse(f.Item.Item); {
		case refusal == nil:
			p.Takes++
		case silent:
			f.explain(p, refusal.Reason)
		}
	}
}

// unready reports whether the source still works on an item, so that what was
// carried under its identity may not be what it will be.
func unready(item media.Item) bool { return lifecycle.Unready(&state.Item{Item: item}) }

// sumUp completes the result.
func (a *auditor) sumUp() {
	a.result.Requests = map[string]int64{}
	count := func(s any) {
		if meter, ok := s.(station.Meter); ok {
			for kind, n := range meter.Requests() {
				a.result.Requests[kind] += n
			}
		}
	}
	count(a.Source)
	for _, o := range a.opened {
		if o.to != nil {
			count(o.to)
		}
	}
	for _, p := range a.places {
		a.result.Places = append(a.result.Places, p.Place)
	}
}
