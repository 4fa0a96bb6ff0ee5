package carry

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// lookAhead is how many items are prefetched before their turn, and how many at a
// time: few, since what is prefetched gets old.
const lookAhead = 4

// prefetcher prefetches the items whose turn comes next. One goroutine calls
// prefetch.
type prefetcher struct {
	ctx    context.Context    // of the stage, which waits
	source station.Prefetcher // nil: there is nothing to prefetch
	free   chan struct{}      // a slot for each item at a time
	work   sync.WaitGroup
	seen   int64        // Seq of the last item that was prefetched
	begun  atomic.Int64 // Seq of the last item whose transfer has begun
}

func newPrefetcher(ctx context.Context, source station.Source) *prefetcher {
	p, _ := source.(station.Prefetcher)
	return &prefetcher{ctx: ctx, source: p, free: make(chan struct{}, lookAhead)}
}

// prefetch takes care of the next few items, as far as it can at once.
func (p *prefetcher) prefetch(next []*state.Item) {
	if p.source == nil {
		return
	}
	for _, it := range next[:min(len(next), lookAhead)] {
		if it.Seq <= p.seen {
			continue
		}
		select {
		case p.free <- struct{}{}:
		default:
			return
		}
		p.seen = it.Seq
		item, seq := it.Item, it.Seq
		p.work.Go(func() {
			defer func() { <-p.free }()
			if seq <= p.begun.Load() {
				return // Open needs it no more
			}
			_ = p.source.Prefetch(p.ctx, item) // Open meets the same failure, and returns it
		})
	}
}

func (p *prefetcher) wait() { p.work.Wait() }
