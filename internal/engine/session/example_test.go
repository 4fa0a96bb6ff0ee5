package session_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/media"
)

func ExampleDerive() {
	day := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	q := session.Question{From: "gopro:", To: "gphotos:", Window: media.Window{Start: day, End: day.Add(24*time.Hour - 1)}}
	fmt.Println(session.Derive(q))
	// Output: gopro-gphotos-20260108-20260108
}
