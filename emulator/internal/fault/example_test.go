package fault_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
)

// The second search goes wrong, and no other call.
func ExampleQueue() {
	var q fault.Queue
	q.Add(fault.Fault{Route: "gopro.search", Call: 2, Kind: fault.Status, Status: 503})
	for _, route := range []string{"gopro.search", "gopro.download", "gopro.search", "gopro.search"} {
		if f := q.Take(route, "/media"); f != nil {
			fmt.Println(route, f.Status)
			continue
		}
		fmt.Println(route, "works")
	}
	// Output:
	// gopro.search works
	// gopro.download works
	// gopro.search 503
	// gopro.search works
}
