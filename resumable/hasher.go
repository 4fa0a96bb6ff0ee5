package resumable

import (
	"encoding"
	"hash"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	hashBuffer  = 256 << 10 // bytes that are handed over at once
	hashBuffers = 4         // of one hasher: one is filled, the others wait or are hashed
	// worthStarting is how many full buffers start the second goroutine: each
	// start wakes a processor.
	worthStarting = 2

	// worthBeside is the size in bytes of the smallest object that is hashed
	// beside: the buffers of smaller ones would cost more than they bring.
	worthBeside = 16 * mib
	// mostBeside is the most uploads in flight that are hashed beside, however
	// many processors there are: it bounds the memory of their buffers.
	mostBeside = 4

	// Hashing moves to a second goroutine when it takes at least this share of
	// the time in which bytes pass, and back when it takes less than that: on a
	// slower line, and where encryption takes the time (a share of a third was
	// measured over TLS on loopback), the copy costs more than is won.
	shareToLeave  = 0.42
	shareToReturn = 0.3
	// shareOver is how many bytes the share is measured over.
	shareOver = 4 * mib
)

// besidePays reports whether hashing in a second goroutine makes uploads faster:
// while each of those in flight has two processors. With more of them in flight
// every processor is busy, and a second goroutine only adds a copy.
func besidePays(inFlight int) bool {
	return inFlight <= min(runtime.GOMAXPROCS(0)/2, mostBeside)
}

// hasher is a running checksum. It hashes where the bytes pass or, when that takes
// much of the time and may says so, in a goroutine of its own, which ends when
// nothing is queued. One goroutine uses a hasher at a time.
type hasher struct {
	may func() bool // whether there may be a second goroutine; nil: never
	sum hash.Hash   // used by drain while that runs, and otherwise by the caller

	fill []byte // the buffer that is being filled

	leads  bool      // hashing takes much of the time
	since  time.Time // when the measurement of that began
	passed int64     // bytes since then

	mu      sync.Mutex
	changed sync.Cond // of what follows
	queue   [][]byte  // full buffers, in order; the first is being hashed
	free    [][]byte
	made    int           // buffers that exist
	running bool          // drain runs
	busy    time.Duration // of hashing since the measurement began
}

func newHasher(kind Checksum, may func() bool) *hasher {
	h := &hasher{may: may, sum: kind.hash()}
	h.changed.L = &h.mu
	return h
}

// Write takes p, which the caller may use again when Write returns. It waits
// while all buffers are full, and never fails.
func (h *hasher) Write(p []byte) (int, error) {
	if h.may == nil {
		return h.sum.Write(p)
	}
	h.measure(int64(len(p)))
	if h.leads && h.may() {
		h.enqueue(p)
	} else {
		h.settle()
		h.hash(p)
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

// measure finds out, now and then, whether hashing takes much of the time.
func (h *hasher) measure(n int64) {
	if h.passed += n; h.passed < shareOver && !h.since.IsZero() {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.since.IsZero() {
		h.leads = h.leading(now.Sub(h.since))
	}
	h.since, h.passed, h.busy = now, 0, 0
}

// leading judges a measurement. It needs h.mu.
func (h *hasher) leading(took time.Duration) bool {
	share := shareToLeave
	if h.leads {
		share = shareToReturn
	}
	return h.busy.Seconds() >= share*took.Seconds()
}

// hash hashes p where it is called.
func (h *hasher) hash(p []byte) {
	began := time.Now()
	h.sum.Write(p)
	took := time.Since(began)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy += took
}

// enqueue copies p into buffers for the second goroutine.
func (h *hasher) enqueue(p []byte) {
	for len(p) > 0 {
		if h.fill == nil {
			h.fill = h.buffer()
		}
		n := copy(h.fill[len(h.fill):cap(h.fill)], p)
		h.fill, p = h.fill[:len(h.fill)+n], p[n:]
		if len(h.fill) == cap(h.fill) {
			h.handOver(worthStarting)
		}
	}
}

// settle hashes what is in buffers.
func (h *hasher) settle() {
	h.handOver(1)
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

// handOver queues the buffer that was filled, and starts drain when so many wait.
func (h *hasher) handOver(enough int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fill != nil {
		h.queue = append(h.queue, h.fill)
		h.fill = nil
	}
	if !h.running && len(h.queue) >= enough {
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
		h.hash(b)
		h.mu.Lock()
		h.queue, h.free = slices.Delete(h.queue, 0, 1), append(h.free, b)
		h.changed.Broadcast()
	}
	h.running = false
}
