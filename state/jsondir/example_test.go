package jsondir_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func ExampleOpen() {
	root, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	ctx := context.Background()
	openers := state.Openers{jsondir.Scheme: jsondir.Opener(jsondir.Options{})}
	b, err := openers.Open(ctx, "jsondir:"+root)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	lock, err := b.Lock(ctx, "2026/january")
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Unlock()
	if err := b.PutSession(ctx, state.NewSession("2026/january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}
	item := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 4096}, Discovery: state.Completed}
	if err := b.PutItems(ctx, "2026/january", item); err != nil {
		log.Fatal(err)
	}
	counts, err := b.Counts(ctx, "2026/january")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(counts.Total, "item in", jsondir.SafeName("2026/january"))
	// Output: 1 item in 2026_january
}
