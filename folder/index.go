package folder

import (
	"iter"
	"slices"
)

// index finds the offsets of the lines that have a digest, in 8 bytes for each line. It
// keeps a part of the digest only, so that a line that is found may be another's.
type index struct{ entries numbers }

// offsetBits are those of an entry that hold an offset; the others hold the digest.
const offsetBits = 40

func (x *index) put(digest uint64, offset int64) {
	x.entries.add(digest>>offsetBits<<offsetBits | uint64(offset))
}

// of returns the offsets of a digest, the newest first.
func (x *index) of(digest uint64) iter.Seq[int64] {
	least := digest >> offsetBits << offsetBits
	const mask = 1<<offsetBits - 1
	return func(yield func(int64) bool) {
		for _, entry := range slices.Backward(x.entries.between(least, least|mask)) {
			if !yield(int64(entry & mask)) {
				return
			}
		}
	}
}

// numbers is a set of numbers, in little more than 8 bytes for each: sorted lists,
// each at least twice as long as the next, and what was added since.
type numbers struct {
	lists  [][]uint64
	recent []uint64
}

// mostRecent is how many additions wait until they are sorted.
const mostRecent = 512

func (s *numbers) add(n uint64) {
	s.recent = append(s.recent, n)
	if len(s.recent) < mostRecent {
		return
	}
	list := slices.Clone(s.recent)
	slices.Sort(list)
	for last := len(s.lists) - 1; last >= 0 && len(s.lists[last]) < 2*len(list); last-- {
		list, s.lists = merged(s.lists[last], list), s.lists[:last]
	}
	s.lists, s.recent = append(s.lists, list), s.recent[:0]
}

// merged returns two sorted lists as one.
func merged(a, b []uint64) []uint64 {
	all := make([]uint64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// between returns the numbers from least to most, in order.
func (s *numbers) between(least, most uint64) (found []uint64) {
	for _, list := range s.lists {
		at, _ := slices.BinarySearch(list, least)
		for ; at < len(list) && list[at] <= most; at++ {
			found = append(found, list[at])
		}
	}
	for _, n := range s.recent {
		if least <= n && n <= most {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return found
}

func (s *numbers) has(n uint64) bool { return len(s.between(n, n)) > 0 }
