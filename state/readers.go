package state

import (
	"sync"
)

// readers are the iterations under way, so that an item that is stored while its
// page is worked through comes as it is then.
type readers struct {
	mu  sync.Mutex
	all map[*reading]bool
}

// reading is one iteration.
type reading struct {
	session string
	changed map[int64]bool // Seqs of items stored since its page was read
}

func (r *readers) add(session string) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[*reading]bool{}
	}
	one := &reading{session: session, changed: map[int64]bool{}}
	r.all[one] = true
	return one
}

func (r *readers) remove(one *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, one)
}

// fresh begins a page.
func (r *readers) fresh(one *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(one.changed)
}

// stale reports whether an item was stored since its page began.
func (r *readers) stale(one *reading, seq int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return one.changed[seq]
}

// stored notes items of a session that have been stored.
func (r *readers) stored(session string, seqs []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one := range r.all {
		if one.session != session {
			continue
		}
		for _, seq := range seqs {
			one.changed[seq] = true
		}
	}
}
