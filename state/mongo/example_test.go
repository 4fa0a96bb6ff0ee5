package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

// A program that waits at most half a minute for a server that restarts, and
// says so.
func ExampleOpener() {
	open := mongo.Opener(mongo.Options{
		Patience: 30 * time.Second,
		OnWait:   func(w fault.Wait) { fmt.Println("waiting until", w.Until, "since", w.Reason) },
	})
	openers := state.Openers{mongo.Scheme: open, mongo.SchemeSRV: open}

	_, err := openers.Open(context.Background(), "mongodb://me:se/cret@db.example/photos")
	fmt.Println(errors.Is(err, state.ErrURI))
	fmt.Println(err)
	// Output:
	// true
	// open state mongodb://…: not a state URI: it is malformed
}
