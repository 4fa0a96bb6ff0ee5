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

// draft is what one call makes of a row.
type draft struct {
	at *place // nil for a new row
	it *Item
	to driver.Row
}

// add plans the items of one call, all or none, and returns the Seq of each.
func (p *plan) add(items []*Item) ([]int64, error) {
	drafts, each, err := p.assign(items)
	if err == nil {
		err = p.checkNames(drafts)
	}
	for _, d := range drafts {
		if err == nil {
			err = d.encode(p.codec)
		}
	}
	if err != nil {
		return nil, err
	}
	p.apply(drafts)
	seqs := make([]int64, len(each))
	for n, d := range each {
		seqs[n] = d.to.Seq
	}
	return seqs, nil
}

// assign tells for each item which row it goes into. Of several for one row the
// last counts.
func (p *plan) assign(items []*Item) (drafts, each []*draft, err error) {
	known, taken := map[string]*draft{}, map[*place]bool{}
	last := p.last
	for _, it := range items {
		d := known[identity(it)]
		if d == nil {
			d = &draft{at: p.match(it)}
			switch {
			case d.at == nil:
				last++
				d.to.Seq = last
			case taken[d.at]:
				return nil, nil, badItem(it, errors.New("two items give an identity to the same one"))
			default:
				d.to.Seq, taken[d.at] = d.at.now.Seq, true
			}
			drafts, known[identity(it)] = append(drafts, d), d
		}
		d.it = it
		each = append(each, d)
	}
	return drafts, each, nil
}

// checkNames refuses an item whose name another one of the call takes, or one
// beyond the call keeps.
func (p *plan) checkNames(drafts []*draft) error {
	names, changed := map[string]bool{}, map[*place]bool{}
	for _, d := range drafts {
		if d.at != nil {
			changed[d.at] = true
		}
	}
	for _, d := range drafts {
		name := p.names.Fold(d.it.Name)
		holder := p.byName[name]
		kept := d.at != nil && d.at.now.Name == d.it.Name
		if names[name] || holder != nil && !changed[holder] && !kept {
			return badItem(d.it, errNameTaken)
		}
		names[name] = true
	}
	return nil
}

var errNameTaken = errors.New("another item of the session takes its name")

func badItem(it *Item, why error) error {
	return refused(fmt.Sprintf("item %q (%s)", it.Name, it.ID.Key()), why)
}

// encode fills the row in.
func (d *draft) encode(codec Codec) error {
	stored := *d.it
	stored.Seq = d.to.Seq
	document, err := codec.EncodeItem(&stored)
	if _, known := errors.AsType[*fault.Error](err); err != nil && !known {
		err = Unstorable(d.it, err)
	}
	d.to = RowOf(&stored)
	d.to.Document = document
	return err
}

// RowOf returns an item's row without its document, for drivers.
func RowOf(it *Item) driver.Row {
	return driver.Row{
		Seq: it.Seq, Key: it.ID.Key(), Name: it.Name, Next: string(it.Next()), Outcome: string(it.Outcome()),
		Size: it.Size, Carried: it.Carried, Captured: driver.SortableTime(media.Moment(it.CapturedAt)),
	}
}

// apply makes rows of drafts. Former names go first, since they may be exchanged.
func (p *plan) apply(drafts []*draft) {
	for _, d := range drafts {
		if d.at == nil {
			d.at = &place{}
			p.last = max(p.last, d.to.Seq)
			continue
		}
		if name := p.names.Fold(d.at.now.Name); p.byName[name] == d.at {
			delete(p.byName, name)
		}
	}
	for _, d := range drafts {
		if d.at.now = d.to; !d.at.changed {
			d.at.changed = true
			p.order = append(p.order, d.at)
		}
		p.enter(d.at)
	}
}

// identity is what an item is known by. No key of an ID has a NUL.
func identity(it *Item) string {
	if it.ID.IsZero() {
		return "\x00" + it.Name
	}
	return it.ID.Key()
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
