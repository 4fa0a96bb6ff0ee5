package statetest

import (
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// BenchmarkTogether measures what a run of small files asks of a store: 2 000
// items, eight of them in flight, each stored three times by itself.
func BenchmarkTogether(b *testing.B, store state.Backend) {
	const all, inFlight = 2000, 8
	for range b.N {
		if err := store.PutSession(b.Context(), newSession("s")); err != nil {
			b.Fatal(err)
		}
		if err := store.PutItems(b.Context(), "s", items(0, all)...); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		carryAll(b, store, all, inFlight)
		b.StopTimer()
		if err := store.DeleteSession(b.Context(), "s"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/all, "µs/item")
}

func carryAll(b *testing.B, store state.Backend, all, inFlight int) {
	var wg sync.WaitGroup
	for first := range inFlight {
		wg.Go(func() {
			for n := first; n < all; n += inFlight {
				it := item(n)
				for step := range 3 {
					it.Carried = int64(step)
					if step > 0 {
						it.Transfer = state.Completed
					}
					if step > 1 {
						it.Create = state.Completed
					}
					if err := store.PutItems(b.Context(), "s", it); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}
