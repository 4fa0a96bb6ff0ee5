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
