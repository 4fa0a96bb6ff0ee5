package observe_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func Example() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	began := time.Now()
	if err := b.PutSession(ctx, state.NewSession("holidays", media.Window{}, began)); err != nil {
		fmt.Println(err)
		return
	}
	lock, err := b.Lock(ctx, "holidays")
	if err != nil {
		fmt.Println(err)
		return
	}
	snapshot := fmt.Appendf(nil, `{"at": %q, "items_done": 3, "items_total": 7}`, time.Now().UTC().Format(time.RFC3339Nano))
	if err := b.PutSnapshot(ctx, "holidays", began, snapshot); err != nil {
		fmt.Println(err)
		return
	}
	run, err := observe.Find(ctx, b, "holidays")
	fmt.Println(run.Seen.ItemsDone, "of", run.Seen.ItemsTotal, run.Stale(time.Now()), err)

	if err := lock.Unlock(); err != nil {
		fmt.Println(err)
		return
	}
	run, err = observe.Find(ctx, b, "holidays")
	fmt.Println(run == nil, err)
	// Output:
	// 3 of 7 false <nil>
	// true <nil>
}
