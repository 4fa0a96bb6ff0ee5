package gondola

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/gondola-sync/gondola/state"
)

// repeats finds files of one medium that have the same bytes: either the source
// holds two equal ones, or it gave one of them for another. It takes 16 bytes for
// each file of a medium of several. It is safe for concurrent use.
type repeats struct {
	backend state.Backend
	session string

	seed maphash.Seed
	mu   sync.Mutex // guards seen
	seen map[uint64]int64
}

func newRepeats(backend state.Backend, session string) *repeats {
	return &repeats{backend: backend, session: session, seed: maphash.MakeSeed(), seen: map[uint64]int64{}}
}

// see takes note of a carried item and returns the Seq of an earlier one of its
// medium with its bytes, or 0.
func (p *repeats) see(it *state.Item) int64 {
	if it.SHA256 == "" || it.ID.IsZero() || it.Of == 1 || it.Seq == 0 {
		return 0
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
		p.seen[h.Sum64()] = it.Seq
	}
	if first == it.Seq {
		return 0
	}
	return first
}

// remark notes on an item which other file of its medium has its bytes.
func (p *repeats) remark(ctx context.Context, it *state.Item) error {
	it.SameAs = ""
	first := p.see(it)
	if first == 0 {
		return nil
	}
	page, err := readPage(ctx, p.backend, p.session, state.ItemQuery{After: first - 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(page) == 1 && page[0].SHA256 == it.SHA256 && page[0].ID.Medium == it.ID.Medium {
		it.SameAs = page[0].Name
	}
	return nil
}
