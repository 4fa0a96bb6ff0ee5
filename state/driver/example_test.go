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

// A session in memory answers as a driver does.
func ExampleMemory() {
	m := &driver.Memory{}
	m.Write(driver.Write{Header: &driver.Header{ID: "s"}, Items: []driver.Change{
		{Row: driver.Row{Seq: 1, Key: "gopro/a/1/source", Name: "GX010001.MP4", Next: "transfer"}},
		{Row: driver.Row{Seq: 2, Key: "gopro/b/1/source", Name: "GX010002.MP4"}},
	}})
	row, err := m.Find(driver.Ref{Key: "gopro/b/1/source"})
	fmt.Println(row.Name, err)
	for _, row := range m.Page(driver.Query{Next: "transfer", Limit: 10}) {
		fmt.Println(row.Name)
	}
	// Output:
	// GX010002.MP4 <nil>
	// GX010001.MP4
}
