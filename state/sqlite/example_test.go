package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	openers := state.Openers{sqlite.Scheme: sqlite.Opener(sqlite.Options{})}
	b, err := openers.Open(ctx, "sqlite:"+filepath.Join(dir, "gondola.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	lock, err := b.Lock(ctx, "january")
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Unlock()
	if err := b.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}
	item := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 4096}, Discovery: state.Completed}
	if err := b.PutItems(ctx, "january", item); err != nil {
		log.Fatal(err)
	}
	for it, err := range b.Items(ctx, "january", state.Query{Awaiting: state.Transfer, Limit: 10}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(it.Seq, it.Name, "awaits", it.Awaits())
	}
	// Output: 1 GX010042.MP4 awaits transfer
}
