package flow_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/media"
)

func Example() {
	slots := flow.NewSlots(1, slog.New(slog.DiscardHandler))
	ctx, slot, err := slots.Enter(context.Background(), media.Item{Size: 4 << 30})
	if err != nil {
		fmt.Println(err)
		return
	}
	slots.Pause()
	fmt.Println(context.Cause(ctx))
	slot.Leave()
	// Output: the run is paused
}
