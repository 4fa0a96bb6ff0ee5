package driver_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state/driver"
)

// Capture times are kept as text, so that every store can sort by them.
func ExampleSortableTime() {
	nine := time.Date(2026, 1, 8, 9, 0, 0, 0, time.FixedZone("CET", 3600))
	for _, t := range []time.Time{{}, nine, nine.Add(450 * time.Millisecond), nine.Add(500 * time.Millisecond)} {
		fmt.Printf("%q\n", driver.SortableTime(t))
	}
	// Output:
	// ""
	// "2026-01-08T08:00:00"
	// "2026-01-08T08:00:00.45"
	// "2026-01-08T08:00:00.5"
}

// A document reaches a driver indented, as files of JSON keep it. A database has no
// use for the white space.
func ExampleOneLine() {
	fmt.Println(driver.OneLine([]byte("{\n  \"file_name\": \"GX010042.MP4\"\n}")))
	// Output: {"file_name":"GX010042.MP4"}
}
