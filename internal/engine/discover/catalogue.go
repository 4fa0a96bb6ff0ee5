package discover

import (
	"hash/maphash"
	"slices"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/state"
)

// Catalogue knows which media a session holds, whole and as they were listed, in
// 8 bytes a medium: it keeps hashes only, of a new seed each time. Make it with
// [NewCatalogue]. It is not safe for concurrent use.
type Catalogue struct {
	seed   maphash.Seed
	whole  []uint64
	sorted bool
	// incomplete counts the parts seen of media that are not whole yet. Items of one
	// medium mostly come one after the other, so that few are counted at a time.
	incomplete map[uint64]int
}

// NewCatalogue returns an empty catalogue.
func NewCatalogue() *Catalogue {
	return &Catalogue{seed: maphash.MakeSeed(), incomplete: map[uint64]int{}}
}

// Key stands for a medium in the state of a revision.
func (c *Catalogue) Key(medium, revision string) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(medium)
	h.WriteByte(0)
	h.WriteString(revision)
	return h.Sum64()
}

// Add adds an item of the session, each once.
func (c *Catalogue) Add(it *state.Item) {
	if !Settled(it) {
		return
	}
	key := c.Key(it.ID.Medium, it.Revision)
	if it.Of > 1 {
		if c.incomplete[key]++; c.incomplete[key] < it.Of {
			return
		}
		delete(c.incomplete, key)
	}
	c.whole, c.sorted = append(c.whole, key), false
}

// Has reports whether all items that a medium has in this state are known, and
// none of them waits for the source.
func (c *Catalogue) Has(medium, revision string) bool {
	if revision == "" {
		return false
	}
	if !c.sorted {
		slices.Sort(c.whole)
		c.sorted = true
	}
	_, found := slices.BinarySearch(c.whole, c.Key(medium, revision))
	return found
}

// Settled reports whether listing the item's medium in the same state once more has
// nothing to say about it.
func Settled(it *state.Item) bool {
	return it.Revision != "" && it.Of > 0 && it.Discovery == state.Completed &&
		!lifecycle.Unready(it) && it.Outcome() != state.OutcomeFailed
}
