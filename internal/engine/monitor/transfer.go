package monitor

import (
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// Transfer is one item in flight. Its methods are safe for concurrent use, and
// do nothing after End but count what went over the line.
type Transfer struct {
	m        *Monitor
	recorded int64             // size of the item before it was opened
	seen     progress.Transfer // guarded by m.mu, as what follows
	seq      int64
	sent     int64 // bytes handed to the destination by this run
	finished bool  // all bytes are counted among those done
	down, up rate
}

// Start puts an item in flight.
func (m *Monitor) Start(it *state.Item) *Transfer {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	t := &Transfer{m: m, seq: it.Seq, recorded: it.Size, seen: progress.Transfer{Key: it.ID.Key(), Name: it.Name, Size: it.Size, Since: now.UTC()}}
	if it.Checkpoint != nil {
		t.seen.Done = it.Checkpoint.Confirmed
	}
	t.down.add(now, 0)
	t.up.add(now, 0)
	m.uploading.enter(now)
	m.inFlight[t] = true
	delete(m.interrupted, it.Seq)
	return t
}

// End takes the item out of flight. The size of one that is not finished is that
// of its record again.
func (t *Transfer) End() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.end()
}

func (t *Transfer) end() {
	if !t.m.inFlight[t] {
		return
	}
	if !t.finished {
		t.setSize(t.recorded)
	}
	delete(t.m.inFlight, t)
	t.m.uploading.leave(time.Now())
}

// Interrupted takes an item out of flight that a pause interrupted: what the
// destination has of it stays counted until the item is in flight again.
func (t *Transfer) Interrupted(confirmed int64) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	defer t.end()
	t.m.interrupted[t.seq] = interruption{confirmed, max(t.seen.Size, 0) - max(t.recorded, 0)}
}

// interruption is what a pause has left of an item's transfer.
type interruption struct {
	confirmed int64 // bytes that the destination has
	learned   int64 // bytes that the item has beyond its record
}

// Finished moves the item's bytes from those in flight to those done.
func (t *Transfer) Finished(size int64) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.setSize(size)
	t.finished = true
	t.m.bytesDone += size
}

// Confirmed counts what the destination has confirmed of a file of size bytes.
func (t *Transfer) Confirmed(size, confirmed int64) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if !t.m.inFlight[t] {
		return
	}
	t.setSize(size)
	t.seen.Done = max(t.seen.Done, confirmed)
}

// Restarted says that the item is sent again from its beginning.
func (t *Transfer) Restarted() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.seen.Done = 0
}

// setSize corrects the total by what the item's size turned out to be. It needs
// m.mu.
func (t *Transfer) setSize(size int64) {
	t.m.bytesTotal += max(size, 0) - max(t.seen.Size, 0)
	t.seen.Size = size
}

// shown returns the transfer as a snapshot shows it, and how many of its bytes
// count as done beyond those of finished items. Not every station says when it
// sends bytes again, or before it knows the size. It needs m.mu.
func (t *Transfer) shown() (shown progress.Transfer, done int64) {
	shown = t.seen
	switch {
	case t.finished:
		shown.Done = shown.Size
	case shown.Size != media.SizeUnknown:
		shown.Done = min(max(shown.Done, 0), shown.Size)
		done = shown.Done
	}
	return shown, done
}

// Sent counts bytes handed to the destination.
func (t *Transfer) Sent(n int64) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.moved.Uploaded += n
	t.sent += n
	t.seen.Done += n
}

// Resent counts bytes that the destination had been sent before.
func (t *Transfer) Resent(n int64) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.moved.Resent += n
	t.seen.Done -= n
}

// Read counts bytes read from the source.
func (t *Transfer) Read(n int) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.moved.Downloaded += int64(n)
	t.seen.Read += int64(n)
}

// Opened counts an opening at the source.
func (t *Transfer) Opened() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.downloading.enter(time.Now())
}

// Closed counts the end of an opening.
func (t *Transfer) Closed() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.downloading.leave(time.Now())
}
