package resumable

import (
	"encoding"
	"hash"
	"runtime"
	"slices"
	"sync"
)

const (
	hashBuffer  = 256 << 10 // bytes that are handed over at once
	hashBuffers = 4         // of one hasher: one is filled, the others wait or are hashed

	// worthBeside is the size in bytes of the smallest object that is hashed
	// beside: the buffers of smaller ones would cost more than they bring.
	worthBeside = 16 * mib
	// mostBeside is the most uploads in flight that are hashed beside, however
	// many processors there are: it bounds the memory of their buffers.
	mostBeside = 4
)

// besidePays reports whether SHA-256 in a second goroutine makes uploads faster:
// while each of those in flight has two processors. With more of them in flight
// every processor is busy, and a second goroutine only adds a copy.
func besidePays(inFlight int) bool {
	return inFlight <= min(runtime.GOMAXPROCS(0)/2, mostBeside)
}

// hasher is a running checksum. It hashes where the bytes pass, or while beside
// says so in a goroutine of its own, which ends when nothing waits for it. One
// goroutine uses a hasher at a time.
type hasher struct {
	beside func() bool // nil: never
	sum    hash.Hash   // used by drain while it runs, and otherwise by the caller

	fill []byte // the buffer that is being filled

	mu      sync.Mutex
	changed sync.Cond // of what follows
	queue   [][]byte  // full buffers, in order; the first is being hashed
	free    [][]byte
	made    int  // buffers that exist
	running bool // drain runs
}

func newHasher(kind Checksum, beside func() bool) *hasher {
	h := &hasher{beside: beside, sum: kind.hash()}
	h.changed.L = &h.mu
	return h
}

// Write takes p, which the caller may use again when Write returns. It waits
// while all buffers are full, and never fails.
func (h *hasher) Write(p []byte) (int, error) {
	if h.beside == nil || !h.beside() {
		h.settle()
		return h.sum.Write(p)
	}
	for rest := p; len(rest) > 0; {
		if h.fill == nil {
			h.fill = h.buffer()
		}
		n := copy(h.fill[len(h.fill):cap(h.fill)], rest)
		h.fill, rest = h.fill[:len(h.fill)+n], rest[n:]
		if len(h.fill) == cap(h.fill) {
			h.handOver()
		}
	}
	return len(p), nil
}

// Sum returns the digest of all that was written.
func (h *hasher) Sum() []byte {
	h.settle()
	return h.sum.Sum(nil)
}

// MarshalBinary returns the state after all that was written.
func (h *hasher) MarshalBinary() ([]byte, error) {
	h.settle()
	return h.sum.(encoding.BinaryMarshaler).MarshalBinary()
}

// UnmarshalBinary continues from a state. It is called before the first Write.
func (h *hasher) UnmarshalBinary(state []byte) error {
	return h.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(state)
}

// settle hashes what has been written and not been hashed.
func (h *hasher) settle() {
	if len(h.fill) > 0 {
		h.handOver()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.running {
		h.changed.Wait()
	}
}

// buffer returns an empty buffer, when there is one.
func (h *hasher) buffer() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.free) == 0 && h.made < hashBuffers {
		h.made++
		return make([]byte, 0, hashBuffer)
	}
	for len(h.free) == 0 {
		h.changed.Wait()
	}
	last := len(h.free) - 1
	b := h.free[last]
	h.free = h.free[:last]
	return b[:0]
}

// handOver queues the buffer that was filled.
func (h *hasher) handOver() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, h.fill)
	h.fill = nil
	if !h.running {
		h.running = true
		go h.drain()
	}
}

// drain hashes what is queued, and ends when that is done.
func (h *hasher) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.changed.Broadcast()
	for len(h.queue) > 0 {
		b := h.queue[0]
		h.mu.Unlock()
		h.sum.Write(b)
		h.mu.Lock()
		h.queue, h.free = slices.Delete(h.queue, 0, 1), append(h.free, b)
		h.changed.Broadcast()
	}
	h.running = false
}
