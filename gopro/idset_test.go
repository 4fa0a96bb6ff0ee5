package gopro

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestIDSetIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, model := newIDSet(), map[string]uint8{}
		for range rapid.IntRange(0, 3000).Draw(t, "sightings") {
			id := fmt.Sprint(rapid.IntRange(0, 2000).Draw(t, "id"))
			walk := uint8(rapid.IntRange(1, maxWalks).Draw(t, "walk"))
			if got := set.see(id, walk); got != model[id] {
				t.Fatalf("id %s was seen by walk %d before, not %d", id, model[id], got)
			}
			model[id] = walk
		}
		if set.count != len(model) {
			t.Errorf("counts %d ids, not %d", set.count, len(model))
		}
	})
}

func BenchmarkIDSet(b *testing.B) {
	const ids = 1_000_000
	b.ReportAllocs()
	for b.Loop() {
		set := newIDSet()
		for n := range ids {
			set.see(fmt.Sprint("medium", n), 1)
		}
		size := 0
		for i := range set.shards {
			size += 8 * len(set.shards[i].slots)
		}
		b.ReportMetric(float64(size)/ids, "bytes/id")
	}
}
