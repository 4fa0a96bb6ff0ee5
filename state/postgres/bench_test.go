package postgres_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// benchItems is how large the session of the benchmarks is: GONDOLA_BENCH_ITEMS,
// or 10 000.
func benchItems() int {
	if n, err := strconv.Atoi(os.Getenv("GONDOLA_BENCH_ITEMS")); err == nil {
		return n
	}
	return 10_000
}

func BenchmarkBackend(b *testing.B) {
	size := benchItems()
	db := filled(b, size)
	store := open(b, db.URI, postgres.Options{})
	ctx := b.Context()
	n := 0
	next := func() *state.Item { // one of those there, spread over the session
		n = (n + 7919) % size
		it := item(n)
		it.Seq = int64(n + 1)
		return it
	}
	for _, bench := range []struct {
		name string
		do   func() error
	}{
		{"Checkpoint", func() error { return store.PutItems(ctx, "s", next()) }},
		{"Complete", func() error {
			it := next()
			it.Transfer = state.Completed
			return store.PutItems(ctx, "s", it)
		}},
		{"Pending10", func() error {
			for _, err := range store.Items(ctx, "s", state.Query{Awaiting: state.Transfer, Limit: 10}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Counts", func() error { _, err := store.Counts(ctx, "s"); return err }},
		{"Session", func() error { _, err := store.Session(ctx, "s"); return err }},
	} {
		b.Run(fmt.Sprintf("%s/%d", bench.name, size), func(b *testing.B) {
			for b.Loop() {
				if err := bench.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoad stores 500 new items with each call.
func BenchmarkLoad(b *testing.B) {
	db := filled(b, 0)
	store := open(b, db.URI, postgres.Options{})
	n := 0
	for b.Loop() {
		var items []*state.Item
		for range 500 {
			items = append(items, item(n))
			n++
		}
		if err := store.PutItems(b.Context(), "s", items...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "items/s")
}
