package describe

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Store is what describing needs of the session's store.
type Store interface {
	Page(ctx context.Context, q state.Query) ([]*state.Item, error)
}

// Options are the parts of a Describer.
type Options struct {
	Source      station.Source      // a [station.Describer], or items are described by themselves
	Destination station.Destination // a [station.Annotator] that annotates, or nothing is done
	Store       Store
	Notice      func(format string, args ...any) // called before long work
}

// Describer describes items. Make it with New; its methods are safe for concurrent
// use.
type Describer struct {
	o    Options
	from station.Describer // nil: items are described by themselves
	to   station.Annotator // nil: nothing is described

	mu      sync.Mutex // guards what follows
	lacking int        // items that stay without a description
	reason  error      // why the first one does
}

// New returns a Describer.
func New(o Options) *Describer {
	d := &Describer{o: o}
	d.from, _ = o.Source.(station.Describer)
	if to, ok := o.Destination.(station.Annotator); ok && to.Annotates() {
		d.to = to
	}
	return d
}

// Asks reports whether the source will be asked to describe its items.
func (d *Describer) Asks() bool { return d.to != nil && d.from != nil }

// parallel is how many descriptions are asked for at once.
const parallel = 4

// Items describes items that have arrived, as many as the destination takes in one
// call.
func (d *Describer) Items(ctx context.Context, items []*state.Item) error {
	if d.to == nil || len(items) == 0 {
		return nil
	}
	found := make([]*station.Note, len(items))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, it := range items {
		g.Go(func() (err error) {
			found[i], err = d.note(asking, it)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var notes []station.Note
	for _, n := range found {
		if n != nil {
			notes = append(notes, *n)
		}
	}
	return d.annotate(ctx, notes)
}

// note returns the description of an item, or nil if it cannot be had now. Of an item
// that its source no longer has, nothing better will be known.
func (d *Describer) note(ctx context.Context, it *state.Item) (*station.Note, error) {
	n := &station.Note{ID: it.DestinationID, Item: it.Item}
	if d.from == nil {
		return n, nil
	}
	description, err := d.from.Describe(ctx, it.Item)
	switch {
	case err == nil:
		n.Description = description
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case fault.ClassOf(err) == fault.Session:
		return nil, err
	case fault.CodeOf(err) != fault.Gone:
		d.lacks(err)
		return nil, nil
	}
	return n, nil
}

// annotate hands notes over. Where only one of them cannot be kept, the others are.
func (d *Describer) annotate(ctx context.Context, notes []station.Note) error {
	if len(notes) == 0 {
		return nil
	}
	err := d.to.Annotate(ctx, notes)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.ClassOf(err) == fault.Session:
		return err
	case len(notes) == 1:
		d.lacks(err)
		return nil
	}
	for _, n := range notes {
		if err := d.annotate(ctx, []station.Note{n}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Describer) lacks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lacking++; d.reason == nil {
		d.reason = err
	}
}

// Rest describes the items of the session whose description is missing.
func (d *Describer) Rest(ctx context.Context) error {
	if d.to == nil {
		return nil
	}
	size := d.o.Destination.Limits().Batch
	notify := sync.OnceFunc(func() { d.o.Notice("sidecars are missing in %s and are written now", d.o.Destination.Name()) })
	for after := int64(0); ; {
		page, err := d.o.Store.Page(ctx, state.Query{After: after, Limit: size})
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].Seq
		missing, err := d.missing(ctx, page)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			notify()
		}
		if err := d.Items(ctx, missing); err != nil {
			return err
		}
	}
}

// missing returns the items of a page that are at the destination without their
// description.
func (d *Describer) missing(ctx context.Context, page []*state.Item) (missing []*state.Item, err error) {
	var arrived []*state.Item
	var ids []string
	for _, it := range page {
		if it.Refusal == nil && it.Awaits() == "" && it.DestinationID != "" {
			arrived, ids = append(arrived, it), append(ids, it.DestinationID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	without, err := d.to.Undescribed(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(without) != len(ids) {
		return nil, &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: "look for descriptions", Err: fmt.Errorf("%d answers for %d ids", len(without), len(ids))}
	}
	for i, it := range arrived {
		if without[i] {
			missing = append(missing, it)
		}
	}
	return missing, nil
}

// Warnings says which descriptions could not be had.
func (d *Describer) Warnings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lacking == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d items stay without a description until the next run: %v", d.lacking, d.reason)}
}
