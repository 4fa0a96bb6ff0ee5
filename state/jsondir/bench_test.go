package jsondir_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

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

// BenchmarkJournal measures what a second of a run costs, beside a journal of two
// entries for each of so many items.
func BenchmarkJournal(b *testing.B) {
	for _, size := range []int{10, 1_000_000} {
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) {
			store, _ := withJournal(b)
			entries := make([]state.JournalEntry, 60)
			for i := range entries {
				entries[i] = state.JournalEntry{
					Key: fmt.Sprintf("gopro/wGrNxb%07d/1/source", i), Name: fmt.Sprintf("GX%07d.MP4", i), Stage: state.Transfer,
					Status: state.Completed, At: time.Now(), Bytes: 4 << 20,
				}
			}
			for n := 0; n < 2*size; n += len(entries) {
				if err := store.Append(b.Context(), "s", entries...); err != nil {
					b.Fatal(err)
				}
			}
			snapshot := bytes.Repeat([]byte("1"), 16<<10)
			b.Run("second", func(b *testing.B) {
				for b.Loop() {
					if err := store.Append(b.Context(), "s", entries...); err != nil {
						b.Fatal(err)
					}
					if err := store.PutSnapshot(b.Context(), "s", time.Now(), snapshot); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("timeline", func(b *testing.B) {
				for b.Loop() {
					for _, err := range store.Timeline(b.Context(), "s", "gopro/none/1/source") {
						b.Fatal(err)
					}
				}
			})
			b.Run("newest 100", func(b *testing.B) {
				for b.Loop() {
					n := 0
					for _, err := range store.Newest(b.Context(), "s") {
						if n++; n == 100 || err != nil {
							break
						}
					}
				}
			})
		})
	}
}
