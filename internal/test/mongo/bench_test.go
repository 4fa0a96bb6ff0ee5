package mongo

import (
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

// loaded opens a database with a locked session of n items.
func loaded(b *testing.B, n int) (*mongo.Backend, []*state.Item) {
	store := open(b, newDatabase(b).at(""), mongo.Options{})
	start(b, store)
	if _, err := store.Lock(b.Context(), "s"); err != nil {
		b.Fatal(err)
	}
	var items []*state.Item
	for i := range n {
		items = append(items, item(i))
	}
	for page := range slices.Chunk(items, 500) {
		if err := store.PutItems(b.Context(), "s", page...); err != nil {
			b.Fatal(err)
		}
	}
	return store, items
}

func BenchmarkPutOne(b *testing.B) {
	store, items := loaded(b, 300)
	for n := 0; b.Loop(); n++ {
		it := items[n%len(items)]
		it.Carried++
		if err := store.PutItems(b.Context(), "s", it); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut500(b *testing.B) {
	for b.Loop() {
		loaded(b, 500)
	}
}

func BenchmarkTenAwaiting(b *testing.B) {
	store, _ := loaded(b, 300)
	for b.Loop() {
		if got := collect(b, store.Items(b.Context(), "s", state.Query{Awaiting: state.Transfer, Limit: 10})); len(got) != 10 {
			b.Fatalf("%d items", len(got))
		}
	}
}

func BenchmarkCounts(b *testing.B) {
	store, _ := loaded(b, 300)
	for b.Loop() {
		if c, err := store.Counts(b.Context(), "s"); err != nil || c.Total != 300 {
			b.Fatalf("%+v, %v", c, err)
		}
	}
}
