package postgres

import (
	"errors"

	"github.com/gondola-sync/gondola/state"
)

// row is what the plan of a change has to know of a stored item.
type row struct {
	Seq           int64
	Identity      string // "" if it is known by its name only
	Name          string
	Awaits        string
	Outcome       string
	Size, Carried int64
}

// put is one item to be stored.
type put struct {
	given []*state.Item // the last one counts; more than one if a caller repeats itself
	row   *row          // what it changes or replaces; nil for a new item
	seq   int64
}

func (p *put) item() *state.Item { return p.given[len(p.given)-1] }

// plan tells what is to be written where, and refuses all if one cannot be.
func plan(items []*state.Item, found []row, last int64) ([]*put, error) {
	known := newKnown(found)
	var puts []*put
	byIdentity, changing := map[string]*put{}, map[int64]bool{}
	for _, it := range items {
		p := byIdentity[identity(it)]
		if p == nil {
			p = &put{row: known.match(it)}
			switch {
			case p.row == nil:
				last++
				p.seq = last
			case changing[p.row.Seq]:
				return nil, badItem(it, errors.New("two items give an identity to the same one"))
			default:
				p.seq, changing[p.row.Seq] = p.row.Seq, true
			}
			puts, byIdentity[identity(it)] = append(puts, p), p
		}
		p.given = append(p.given, it)
	}
	names := map[string]bool{}
	for _, p := range puts {
		name := p.item().Name
		holder := known.byName[name]
		if names[name] || holder != nil && !changing[holder.Seq] {
			return nil, badItem(p.item(), errNameTaken)
		}
		names[name] = true
	}
	return puts, nil
}

// known are stored items by what they are known by.
type known struct {
	byIdentity, byName map[string]*row
	bySeq              map[int64]*row
}

func newKnown(found []row) known {
	k := known{map[string]*row{}, map[string]*row{}, map[int64]*row{}}
	for n := range found {
		r := &found[n]
		k.byName[r.Name], k.bySeq[r.Seq] = r, r
		if r.Identity != "" {
			k.byIdentity[r.Identity] = r
		}
	}
	return k
}

// match returns the row that an item changes: that of its identity, or one
// known by its name only, which may get an identity or a new name. nil if none.
func (k known) match(it *state.Item) *row {
	nameless := func(r *row) bool { return r != nil && r.Identity == "" }
	if r := k.byIdentity[it.ID.Key()]; r != nil {
		return r
	}
	named := k.byName[it.Name]
	if r := k.bySeq[it.Seq]; !it.ID.IsZero() && nameless(r) {
		return r
	}
	if nameless(named) {
		return named
	}
	return nil
}

// identity returns what an item is known by. No key of an ID has a NUL.
func identity(it *state.Item) string {
	if it.ID.IsZero() {
		return "\x00" + it.Name
	}
	return it.ID.Key()
}
