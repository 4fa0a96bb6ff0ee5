package gphotos

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/gondola-sync/gondola/fault"
)

// pacer lets one write at a time through, and so many a minute.
type pacer struct {
	turn   chan struct{}
	rate   *rate.Limiter
	onWait func(fault.Wait)
}

// newPacer allows a third of perMinute at once and refills by the rest, so
// that no minute sees more than perMinute.
func newPacer(perMinute int, onWait func(fault.Wait)) *pacer {
	burst := max(perMinute/3, 1)
	refill := rate.Limit(float64(max(perMinute-burst, 1)) / 60)
	return &pacer{turn: make(chan struct{}, 1), rate: rate.NewLimiter(refill, burst), onWait: onWait}
}

// alone calls f while nobody else writes.
func (p *pacer) alone(ctx context.Context, f func() error) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.turn }()
	return f()
}

// pace waits until another write is due.
func (p *pacer) pace(ctx context.Context) error {
	due := p.rate.Reserve()
	d := due.Delay()
	if d <= 0 {
		return nil
	}
	if p.onWait != nil && d > time.Second {
		p.onWait(fault.Wait{Reason: "Google Photos takes a limited number of writes a minute", Until: time.Now().Add(d).UTC()})
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		due.Cancel()
		return context.Cause(ctx)
	}
}
