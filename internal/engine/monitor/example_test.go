package monitor_test

import (
	"fmt"
	"log/slog"

	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

func Example() {
	m := monitor.New(slog.New(slog.DiscardHandler), func(e progress.Event) {
		if it, ok := e.(progress.Item); ok {
			fmt.Println(it.Name, it.Stage, it.Status)
		}
	})
	it := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 100}, Seq: 1, Discovery: state.Completed}
	m.Listed(nil, it)
	t := m.Start(it)
	t.Sent(40)
	s := m.Snapshot()
	fmt.Printf("%d of %d items, %d of %d bytes\n", s.ItemsDone, s.ItemsTotal, s.BytesDone, s.BytesTotal)
	t.End()
	// Output:
	// GX010042.MP4 discovery completed
	// 0 of 1 items, 40 of 100 bytes
}
