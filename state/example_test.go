package state_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// A store of one's own needs two methods; oneFile keeps a session in a file.
func ExampleAdapt() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	b := state.Adapt(oneFile{dir})
	if err := b.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}
	item := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 4096}, Discovery: state.Completed}
	if err := b.PutItems(ctx, "january", item); err != nil {
		log.Fatal(err)
	}

	b = state.Adapt(oneFile{dir}) // another process
	for item, err := range b.Items(ctx, "january", state.ItemQuery{Awaiting: state.Transfer}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name, "awaits", item.Awaits())
	}
	// Output: GX010042.MP4 awaits transfer
}

func ExampleSession_CaptureWindow() {
	s := state.Session{Start: "2026-01-08T00:00:00", End: "2026-01-09T00:00:00"} // as q2google wrote it
	w, err := s.CaptureWindow()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Start)
	fmt.Println(w.End)
	// Output:
	// 2026-01-08 00:00:00 +0000 UTC
	// 2026-01-09 23:59:59.999999999 +0000 UTC
}
