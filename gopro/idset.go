package gopro

import (
	"hash/maphash"
	"math/bits"
)

// idSet remembers which walk saw an id last, in 10 to 12 bytes an id: it keeps
// hashes only. Two ids of one hash would show as an incomplete listing, not as a
// lost medium.
type idSet struct {
	seed   maphash.Seed
	shards [256]idShard // small, so that growing one copies little
	count  int
}

// idShard is a hash table with open addressing. A slot holds the number of the
// walk in its lowest bits and the hash above them; 0 is free.
type idShard struct {
	slots []uint64
	used  int
}

// walkBits hold the number of a walk, from 1 to maxWalks.
const walkBits = 2

func newIDSet() *idSet { return &idSet{seed: maphash.MakeSeed()} }

// see notes that a walk saw the id, and returns the walk that saw it before; 0
// for none.
func (s *idSet) see(id string, walk uint8) (before uint8) {
	hash := maphash.String(s.seed, id)
	before = s.shards[hash>>56].see(hash<<walkBits, uint64(walk))
	if before == 0 {
		s.count++
	}
	return before
}

func (t *idShard) see(key, walk uint64) uint8 {
	if 6*t.used >= 5*len(t.slots) {
		t.grow()
	}
	slot := t.find(key)
	before := *slot & (1<<walkBits - 1)
	if before == 0 {
		t.used++
	}
	*slot = key | walk
	return uint8(before)
}

// find returns the slot of a key, or the free one that it belongs in. The
// bits that choose a shard, which are the same in all of one, are no part of the place.
func (t *idShard) find(key uint64) *uint64 {
	first, _ := bits.Mul64(key<<(8-walkBits), uint64(len(t.slots)))
	for i := int(first); ; i++ {
		if i == len(t.slots) {
			i = 0
		}
		if slot := &t.slots[i]; *slot == 0 || *slot&^(1<<walkBits-1) == key {
			return slot
		}
	}
}

func (t *idShard) grow() {
	old := t.slots
	t.slots = make([]uint64, max(len(old)+len(old)/4, 8))
	for _, slot := range old {
		if slot != 0 {
			*t.find(slot &^ (1<<walkBits - 1)) = slot
		}
	}
}
