package jsondir_test

import (
	"sync/atomic"
	"testing"

	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/statetest"
)

// BenchmarkTogether also counts the syncs for an item: one for each file written,
// and one for each directory.
func BenchmarkTogether(b *testing.B) {
	store := open(b, b.TempDir())
	defer store.Close()
	var syncs atomic.Int64
	jsondir.Watch(store, func(op, _ string) error {
		if op == "write" || op == "sync" {
			syncs.Add(1)
		}
		return nil
	})
	statetest.BenchmarkTogether(b, store)
	b.ReportMetric(float64(syncs.Load())/2000/float64(b.N), "syncs/item")
}
