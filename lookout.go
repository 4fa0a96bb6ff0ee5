package gondola

import (
	"context"
	"sync"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// lookAhead is how many items are prepared before their turn, and how many at a
// time: few, since what is prepared gets old.
const lookAhead = 4

// lookout prepares the items whose turn comes next. One goroutine calls prepare.
type lookout struct {
	ctx    context.Context    // of the transfer stage, which waits
	source station.Prefetcher // nil: there is nothing to prepare
	free   chan struct{}      // a slot for each preparation at a time
	work   sync.WaitGroup
	seen   int64 // Seq of the last item that was taken care of
}

func (r *run) newLookout(ctx context.Context) *lookout {
	source, _ := r.opt.Source.(station.Prefetcher)
	return &lookout{ctx: ctx, source: source, free: make(chan struct{}, lookAhead)}
}

// prepare takes care of the next few items, as far as it can at once.
func (l *lookout) prepare(next []*state.Item) {
	if l.source == nil {
		return
	}
	for _, it := range next[:min(len(next), lookAhead)] {
		if it.Seq <= l.seen {
			continue
		}
		select {
		case l.free <- struct{}{}:
		default:
			return
		}
		l.seen = it.Seq
		item := it.Item
		l.work.Go(func() {
			defer func() { <-l.free }()
			_ = l.source.Prefetch(l.ctx, item) // Open meets the same failure, and tells
		})
	}
}

func (l *lookout) wait() { l.work.Wait() }
