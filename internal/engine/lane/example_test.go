package lane_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lane"
	"github.com/gondola-sync/gondola/station"
)

// A destination's writes go through the lane of its account.
func Example() {
	l := lane.New(lane.Options{
		Store:   &process{shared: &shared{}}, // a session.Session in a run
		Name:    "gphotos:",
		Pace:    station.Pace{Writes: 30, Per: time.Minute},
		Waiting: func(w fault.Wait) { fmt.Println("waiting:", w.Reason) },
	})
	leave, err := l.Enter(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("write")
	leave()
	fmt.Println(l.Close())
	// Output:
	// write
	// <nil>
}
