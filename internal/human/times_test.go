package human_test

import (
	"testing"
	"time"

	"github.com/gondola-sync/gondola/internal/human"
)

// TestTimesNameTheirZone: a time that names no zone can be read in two ways.
func TestTimesNameTheirZone(t *testing.T) {
	defer func(zone *time.Location) { time.Local = zone }(time.Local)
	time.Local = time.FixedZone("CEST", 2*3600)
	at := time.Date(2026, 7, 1, 6, 30, 5, 999, time.UTC)
	if got, want := human.Time(at), "2026-07-01 08:30:05 CEST"; got != want {
		t.Errorf("Time: %q, want %q", got, want)
	}
	if got, want := human.Minute(at), "2026-07-01 08:30 CEST"; got != want {
		t.Errorf("Minute: %q, want %q", got, want)
	}
	if human.Time(time.Time{}) != "" || human.Minute(time.Time{}) != "" {
		t.Error("no time is written as one")
	}
}
