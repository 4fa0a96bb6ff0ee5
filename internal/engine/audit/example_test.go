package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "audit-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	session := state.NewSession("s", media.Window{}, time.Now().UTC())
	session.From, session.To, session.Account = "gopro:", "gphotos:", "gphotos:1"
	item := film(1)
	carried := state.LedgerEntry{Account: "gphotos:1", Key: item.LedgerKey(), DestinationID: "1", Session: "s"}
	if err := store.PutSession(ctx, session); err != nil {
		fmt.Println(err)
		return
	}
	if err := store.Record(ctx, carried); err != nil {
		fmt.Println(err)
		return
	}
	result, err := audit.Run(ctx, audit.Options{
		Source:  &source{items: slices.Values(films(3))},
		Backend: store,
		Open: func(context.Context, string) (station.Destination, error) {
			return &library{name: "gphotos:", account: "gphotos:1", has: ready()}, nil
		},
		Each: func(it audit.Item) error {
			fmt.Println(it.Item.Name, it.Status, it.At)
			return nil
		},
		Notice:  func(text string) { fmt.Println(text) },
		Waiting: func(fault.Wait) {},
		Log:     slog.New(slog.DiscardHandler),
	})
	fmt.Println(result.Safe, "of", result.Items, err)
	// Output:
	// GX000000.MP4 at_risk []
	// GX000001.MP4 safe [gphotos:]
	// GX000002.MP4 at_risk []
	// 1 of 3 <nil>
}
