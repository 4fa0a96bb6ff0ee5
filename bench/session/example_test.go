package session_test

import (
	"context"
	"fmt"
	"os"

	"github.com/gondola-sync/gondola/bench/session"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// A session of twelve items, three of which are still to be carried.
func ExampleFill() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()

	ctx := context.Background()
	if err := session.Fill(ctx, b, "summer", 12, 3); err != nil {
		fmt.Println(err)
		return
	}
	counts, err := b.Counts(ctx, "summer")
	fmt.Println(counts.Outcomes, err)
	for it, err := range b.Items(ctx, "summer", state.Query{Awaiting: state.Transfer}) {
		fmt.Println(it.Seq, it.ID.Medium, err)
	}
	// Output:
	// map[created:9 pending:3] <nil>
	// 10 bench00000000 <nil>
	// 11 bench00000001 <nil>
	// 12 bench00000002 <nil>
}
