package discover

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// listing starts the listing of the source. A source that can leave out what the
// session holds already does.
func (d *Discoverer) listing(ctx context.Context, notice func(string)) (iter.Seq2[media.Item, error], error) {
	source, ok := d.Source.(station.Relister)
	if !ok {
		return d.Source.List(ctx, d.Window), nil
	}
	known, err := d.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	o := station.ListOptions{
		Window:   d.Window,
		Known:    known.has,
		Wants:    d.Session.Filter.TakesType,
		Describe: d.Describe,
		Notice:   notice,
	}
	if d.Foreign {
		o.Carried = func(name string) (string, bool) { return d.carried(ctx, name) }
	}
	return source.Relist(ctx, o), nil
}

// catalogue knows which media a session holds, whole and as they were listed, in
// 8 bytes a medium: it keeps hashes only, of a new seed in every run.
type catalogue struct {
	seed  maphash.Seed
	whole []uint64 // sorted
}

func (c *catalogue) key(medium, revision string) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(medium)
	h.WriteByte(0)
	h.WriteString(revision)
	return h.Sum64()
}

// has reports whether all items that a medium has in this state are known, and
// none of them waits for the source.
func (c *catalogue) has(medium, revision string) bool {
	if revision == "" {
		return false
	}
	_, found := slices.BinarySearch(c.whole, c.key(medium, revision))
	return found
}

// catalogue reads the session's items.
func (d *Discoverer) catalogue(ctx context.Context) (*catalogue, error) {
	c := &catalogue{seed: maphash.MakeSeed()}
	parts := partCount{incomplete: map[uint64]int{}}
	for it, err := range d.Store.Items(ctx, state.ItemQuery{}) {
		if err != nil {
			return nil, err
		}
		d.Repeats.Note(it)
		if !settled(it) {
			continue
		}
		key := c.key(it.ID.Medium, it.Revision)
		if parts.add(key, it.Of) {
			c.whole = append(c.whole, key)
		}
	}
	slices.Sort(c.whole)
	return c, nil
}

// settled reports whether listing the item's medium in the same state once more
// has nothing to say about it.
func settled(it *state.Item) bool {
	return it.Revision != "" && it.Of > 0 && it.Discovery == state.Completed &&
		!lifecycle.Unready(it) && it.Outcome() != state.OutcomeFailed
}

// partCount finds out which media are whole. Items of one medium mostly come one
// after the other, so that few are counted at a time.
type partCount struct {
	incomplete map[uint64]int // parts seen, by key
}

// add counts a part of a medium of so many, and reports whether that makes it
// whole.
func (p *partCount) add(key uint64, of int) bool {
	if of == 1 {
		return true
	}
	if p.incomplete[key]++; p.incomplete[key] < of {
		return false
	}
	delete(p.incomplete, key)
	return true
}
