package folder

import (
	"cmp"
	"slices"
)

// index finds the newest offset that was stored for a digest. It takes 16 bytes for
// each: a sorted list, and what came since it was sorted.
type index struct {
	sorted []place64
	recent map[uint64]int64
}

type place64 struct {
	digest uint64
	offset int64
}

// mostRecent is how many additions wait until the list is sorted again.
const mostRecent = 8192

func (x *index) put(digest uint64, offset int64) {
	if x.recent == nil {
		x.recent = make(map[uint64]int64)
	}
	x.recent[digest] = offset
	if len(x.recent) >= max(mostRecent, len(x.sorted)/4) {
		x.merge()
	}
}

// merge sorts the additions into the list, where they stand for older ones.
func (x *index) merge() {
	for digest, offset := range x.recent {
		if at, found := x.search(digest); found {
			x.sorted[at].offset = offset
			delete(x.recent, digest)
		}
	}
	x.sorted = slices.Grow(x.sorted, len(x.recent))
	for digest, offset := range x.recent {
		x.sorted = append(x.sorted, place64{digest, offset})
	}
	clear(x.recent)
	slices.SortFunc(x.sorted, func(a, b place64) int { return cmp.Compare(a.digest, b.digest) })
}

func (x *index) search(digest uint64) (int, bool) {
	return slices.BinarySearchFunc(x.sorted, digest, func(p place64, digest uint64) int { return cmp.Compare(p.digest, digest) })
}

func (x *index) get(digest uint64) (offset int64, found bool) {
	if offset, found = x.recent[digest]; found {
		return offset, true
	}
	at, found := x.search(digest)
	if !found {
		return 0, false
	}
	return x.sorted[at].offset, true
}
