package progress_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

func Example() {
	var bus progress.Bus
	events := bus.Subscribe(100, progress.Drop)
	bus.Publish(progress.Stage{Stage: state.Discovery, Status: state.Running})
	bus.Publish(progress.Item{Name: "GX010042.MP4", Stage: state.Transfer, Status: state.Completed, Bytes: 4 << 30})
	bus.Close()
	for e := range events.Events() {
		switch e := e.(type) {
		case progress.Stage:
			fmt.Println(e.Stage, e.Status)
		case progress.Item:
			fmt.Println(e.Name, e.Stage, e.Status, e.Bytes)
		}
	}
	// Output:
	// discovery running
	// GX010042.MP4 transfer completed 4294967296
}
