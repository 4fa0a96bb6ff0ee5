package sqlite_test

import (
	"testing"

	"github.com/gondola-sync/gondola/state/statetest"
)

// BenchmarkTogether also tells how much is written for an item.
func BenchmarkTogether(b *testing.B) {
	store, _ := fresh(b)
	before := store.Written()
	statetest.BenchmarkTogether(b, store)
	b.ReportMetric(float64(store.Written()-before)*4/2000/float64(b.N), "KiB/item")
}

// BenchmarkProgress stores how far one large file came, with nothing else in flight.
func BenchmarkProgress(b *testing.B) {
	store, _ := fresh(b)
	load(b, store, 0, 1)
	it, before := libraryItem(0), store.Written()
	for b.Loop() {
		it.Carried++
		if err := store.PutItems(b.Context(), "s", it); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(store.Written()-before)*4/float64(b.N), "KiB/change")
}
