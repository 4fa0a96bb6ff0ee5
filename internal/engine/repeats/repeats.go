package repeats

import (
	"hash/maphash"
	"sync"

	"github.com/gondola-sync/gondola/state"
)

// Repeats finds files of one medium that have the same bytes: either the source
// holds two equal ones, or it gave one of them for another. It keeps a hash and a
// name for each file of a medium of several. It is safe for concurrent use.
type Repeats struct {
	seed maphash.Seed
	mu   sync.Mutex // guards seen
	seen map[uint64]string
}

// New returns a Repeats without entries.
func New() *Repeats {
	return &Repeats{seed: maphash.MakeSeed(), seen: map[uint64]string{}}
}

// Note enters a carried item and returns the name of another file of its medium
// that has its bytes and was entered before, or "".
func (p *Repeats) Note(it *state.Item) string {
	if it.SHA256 == "" || it.ID.IsZero() || it.Of == 1 {
		return ""
	}
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, s := range []string{it.ID.Station, it.ID.Medium, it.SHA256} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first, ok := p.seen[h.Sum64()]
	if !ok {
		p.seen[h.Sum64()] = it.Name
	}
	if first == it.Name {
		return ""
	}
	return first
}
