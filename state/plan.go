package state

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/driver"
)

// plan works out which rows a transaction writes. It knows the rows that its
// items may change or be in the way of, as they will be.
type plan struct {
	codec Codec
	names driver.NameRules
	last  int64 // Seq given last

	byKey  map[string]*place
	byName map[string]*place // by what their names fold to
	bySeq  map[int64]*place
	order  []*place // that are written
}

// place is a row that is stored, or will be.
type place struct {
	before  *driver.Row // nil for a new one
	now     driver.Row
	changed bool
}

func newPlan(codec Codec, names driver.NameRules, found driver.Found) *plan {
	p := &plan{
		codec: codec, names: names, last: found.Last,
		byKey: map[string]*place{}, byName: map[string]*place{}, bySeq: map[int64]*place{},
	}
	for n := range found.Rows {
		row := &found.Rows[n]
		p.enter(&place{before: row, now: *row})
	}
	return p
}

func (p *plan) enter(at *place) {
	p.bySeq[at.now.Seq], p.byName[p.names.Fold(at.now.Name)] = at, at
	if at.now.Key != "" {
		p.byKey[at.now.Key] = at
	}
}

// writes returns what is to be written.
func (p *plan) writes() []driver.Change {
	changes := make([]driver.Change, len(p.order))
	for n, at := range p.order {
		changes[n] = driver.Change{Before: at.before, Row: at.now}
	}
	return changes
}

// match returns the row that an item changes: that of its identity or, if it is
// new, the one known by name only that it gives an identity to. nil if none.
func (p *plan) match(it *Item) *place {
	key := it.ID.Key()
	if at := p.byKey[key]; key != "" && at != nil {
		return at
	}
	if at := p.bySeq[it.Seq]; key != "" && it.Seq > 0 && at != nil && at.now.Key == "" {
		return at
	}
	if at := p.byName[p.names.Fold(it.Name)]; at != nil && at.now.Key == "" && at.now.Name == it.Name {
		return at
	}
	return nil
}

// add plans the items of one call and returns the Seq of each. Of several for one
// row the last counts. After an error the plan is of no use.
func (p *plan) add(items []*Item) ([]int64, error) {
	places, err := p.assign(items)
	if err != nil {
		return nil, err
	}
	latest := map[*place]*Item{}
	for n, at := range places {
		latest[at] = items[n]
		if name := p.names.Fold(at.now.Name); p.byName[name] == at {
			delete(p.byName, name) // first of all, since names may be exchanged
		}
	}
	seqs := make([]int64, len(items))
	for n, at := range places {
		seqs[n] = at.now.Seq
		if it := latest[at]; it == items[n] {
			holder := p.byName[p.names.Fold(it.Name)]
			kept := at.now.Name == it.Name && latest[holder] == nil // and two stored ones collide
			if holder != nil && holder != at && !kept {
				return nil, badItem(it, errNameTaken)
			}
			if err := p.set(at, it); err != nil {
				return nil, err
			}
		}
	}
	return seqs, nil
}

// assign returns the row that each item goes into.
func (p *plan) assign(items []*Item) ([]*place, error) {
	places := make([]*place, len(items))
	known, taken := map[string]*place{}, map[*place]bool{}
	for n, it := range items {
		id := driver.Row{Key: it.ID.Key(), Name: it.Name}.Identity()
		at := known[id]
		if at == nil {
			if at = p.match(it); at == nil {
				p.last++
				at = &place{now: driver.Row{Seq: p.last}}
			}
			if taken[at] {
				return nil, badItem(it, errors.New("two items give an identity to the same one"))
			}
			known[id], taken[at] = at, true
		}
		places[n] = at
	}
	return places, nil
}

// set puts an item into a row.
func (p *plan) set(at *place, it *Item) error {
	stored := *it
	stored.Seq = at.now.Seq
	document, err := p.codec.EncodeItem(&stored)
	if _, known := errors.AsType[*fault.Error](err); err != nil && !known {
		err = Unstorable(it, err)
	}
	if err != nil {
		return err
	}
	at.now = RowOf(&stored)
	at.now.Document = document
	if !at.changed {
		at.changed = true
		p.order = append(p.order, at)
	}
	p.enter(at)
	return nil
}

var errNameTaken = errors.New("another item of the session takes its name")

func badItem(it *Item, why error) error {
	return refused(fmt.Sprintf("item %q (%s)", it.Name, it.ID.Key()), why)
}

// RowOf returns an item's row without its document, for drivers.
func RowOf(it *Item) driver.Row {
	return driver.Row{
		Seq: it.Seq, Key: it.ID.Key(), Name: it.Name, Next: string(it.Next()), Outcome: string(it.Outcome()),
		Size: it.Size, Carried: it.Carried, Captured: driver.SortableTime(media.Moment(it.CapturedAt)),
	}
}

// refsOf returns the rows that items may change or be in the way of.
func refsOf(items []*Item) (refs driver.Refs) {
	for _, it := range items {
		refs.Names = append(refs.Names, it.Name)
		if !it.ID.IsZero() {
			refs.Keys = append(refs.Keys, it.ID.Key())
		}
		if it.Seq > 0 {
			refs.Seqs = append(refs.Seqs, it.Seq)
		}
		refs.Adding = refs.Adding || it.Seq == 0
	}
	refs.Keys, refs.Names, refs.Seqs = unique(refs.Keys), unique(refs.Names), unique(refs.Seqs)
	return refs
}

func unique[T string | int64](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}
