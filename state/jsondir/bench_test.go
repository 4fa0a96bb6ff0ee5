package jsondir_test

import (
	"fmt"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// BenchmarkFirstUse measures what opening a session costs per item.
func BenchmarkFirstUse(b *testing.B) {
	const items = 2000
	root := b.TempDir()
	store := open(b, root)
	if err := store.PutSession(b.Context(), &state.Session{ID: "s"}); err != nil {
		b.Fatal(err)
	}
	var list []*state.Item
	for n := range items {
		it := &state.Item{Discovery: state.Completed}
		it.ID = media.ID{Station: "gopro", Medium: fmt.Sprint(n), Part: 1, Label: "source"}
		it.Name = fmt.Sprintf("GX%06d.MP4", n)
		list = append(list, it)
	}
	if err := store.PutItems(b.Context(), "s", list...); err != nil {
		b.Fatal(err)
	}
	store.Close()
	b.ResetTimer()
	for b.Loop() {
		store := open(b, root)
		if _, err := store.Counts(b.Context(), "s"); err != nil {
			b.Fatal(err)
		}
		store.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/items, "µs/item")
}
