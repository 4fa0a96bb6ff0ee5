package filing_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/media"
)

// Example puts an item into an album for each month, and into those of its source.
func Example() {
	plan, err := filing.New("{year}-{month}", true, time.UTC)
	if err != nil {
		fmt.Println(err)
		return
	}
	item := media.Item{
		Name: "GOPR0001.JPG", CapturedAt: time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC),
		Albums: []media.Album{{ID: "a1", Title: "Alps"}},
	}
	for _, album := range plan.Albums(&item) {
		fmt.Println(album.Title)
	}
	// Output:
	// 2026-01
	// Alps
}
