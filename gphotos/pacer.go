package gphotos

import (
	"context"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
)

// paceWindow is the span in which a number of writes is allowed.
const paceWindow = time.Minute

// pacer lets one write at a time through, and at most so many in any minute.
type pacer struct {
	turn   chan struct{} // holds the turn of the write in progress; guards ended and next
	ended  []time.Time   // when the last writes ended, a ring; zero where none did
	next   int           // index of the oldest in ended
	onWait func(fault.Wait)
}

func newPacer(perMinute int, onWait func(fault.Wait)) *pacer {
	return &pacer{turn: make(chan struct{}, 1), ended: make([]time.Time, perMinute), onWait: onWait}
}

// take takes the turn, which free gives back.
func (p *pacer) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *pacer) free() { <-p.turn }

// alone calls f while no other write is in progress.
func (p *pacer) alone(ctx context.Context, f func() error) error {
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.free()
	return f()
}

// pace waits until fewer writes than are allowed have ended within the last
// minute. It is called with the turn, before each write; done follows the write.
func (p *pacer) pace(ctx context.Context) error {
	oldest := p.ended[p.next]
	if oldest.IsZero() {
		return nil
	}
	d := time.Until(oldest.Add(paceWindow))
	if d <= 0 {
		return nil
	}
	if p.onWait != nil && d > time.Second {
		p.onWait(fault.Wait{Reason: "Google Photos takes a limited number of writes a minute", Until: time.Now().Add(d).UTC()})
	}
	return retry.Sleep(ctx, d)
}

// enter waits until a write may be sent; leave must be called when it has ended.
// Without a gate it is called with the turn, which is that of the whole call. With
// one, it takes the turn for the one write, after the gate: a process that waits
// for another one keeps no turn meanwhile.
func (c *Client) enter(ctx context.Context) (leave func(), err error) {
	if c.gate == nil {
		return c.writes.done, c.writes.pace(ctx)
	}
	outer, err := c.gate.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err = c.writes.take(ctx); err != nil {
		outer()
		return nil, err
	}
	if err = c.writes.pace(ctx); err != nil {
		c.writes.free()
		outer()
		return nil, err
	}
	return func() { c.writes.done(); c.writes.free(); outer() }, nil
}

// done counts a write. The service counts it when it arrives, which is not after
// its end: so no minute of the service's own sees more than are allowed.
func (p *pacer) done() {
	p.ended[p.next] = time.Now()
	p.next = (p.next + 1) % len(p.ended)
}
