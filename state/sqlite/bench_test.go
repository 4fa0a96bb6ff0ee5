package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// libraryItem is the nth item of a library, with what a source usually tells.
func libraryItem(n int) *state.Item {
	taken := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	return &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("wGrNxb%07d", n), Part: 1, Label: "source"},
			Name: fmt.Sprintf("GX%07d.MP4", n), LegacyName: fmt.Sprintf("GX%07d000.MP4", n),
			Size: 4 << 20, MIME: "video/mp4", Kind: media.Video, Type: "Video", Width: 5312, Height: 2988,
			Camera: "HERO12 Black", CapturedAt: taken, CreatedAt: taken.Add(time.Hour),
		},
		Discovery: state.Completed,
	}
}

// load stores a session "s" of so many items, as a listing does.
func load(tb testing.TB, b *sqlite.Backend, from, to int) {
	tb.Helper()
	if err := b.PutSession(tb.Context(), state.NewSession("s", media.Window{}, time.Now())); err != nil {
		tb.Fatal(err)
	}
	for from < to {
		var page []*state.Item
		for ; from < to && len(page) < 500; from++ {
			page = append(page, libraryItem(from))
		}
		if err := b.PutItems(tb.Context(), "s", page...); err != nil {
			tb.Fatal(err)
		}
	}
}

// Benchmark measures what the engine does, in sessions of several sizes.
func Benchmark(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) { benchmark(b, size) })
	}
}

func benchmark(b *testing.B, size int) {
	ctx, path := b.Context(), filepath.Join(b.TempDir(), "gondola.db")
	store := open(b, path)
	began := time.Now()
	load(b, store, 0, size)
	b.Logf("loaded by 500 in %v", time.Since(began).Round(time.Millisecond))
	defer func() {
		began := time.Now()
		if err := store.DeleteSession(ctx, "s"); err != nil {
			b.Fatal(err)
		}
		b.Logf("deleted in %v", time.Since(began).Round(time.Millisecond))
		store.Close()
	}()
	n := 0
	for _, bench := range []struct {
		name string
		do   func() error
	}{
		{"PutItems", func() error {
			n++
			it := libraryItem(n * 7919 % size)
			it.Carried = int64(n)
			return store.PutItems(ctx, "s", it)
		}},
		{"Pending10", func() error {
			return last(store.Items(ctx, "s", state.Query{Awaiting: state.Transfer, After: int64(size / 2), Limit: 10}))
		}},
		{"Item", func() error { _, err := store.Item(ctx, "s", libraryItem(size/2).ID.Key()); return err }},
		{"Counts", func() error { _, err := store.Counts(ctx, "s"); return err }},
		{"Session", func() error { _, err := store.Session(ctx, "s"); return err }},
		{"Sessions", func() error { return last(store.Sessions(ctx)) }},
		{"Open", func() error {
			again, err := sqlite.Open(ctx, path, sqlite.Options{})
			if err != nil {
				return err
			}
			if err := last(again.Items(ctx, "s", state.Query{Awaiting: state.Transfer, Limit: 10})); err != nil {
				return err
			}
			return again.Close()
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if err := bench.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
