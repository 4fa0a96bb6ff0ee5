package emulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// TestEveryAnswerTellsTheEmulatedTime: clients judge clocks and the lives of
// signed addresses by the Date of answers.
func TestEveryAnswerTellsTheEmulatedTime(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Options{Start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.Clock.Advance(90 * time.Minute)
	for _, url := range []string{"https://api.gopro.com/media/user", "https://photoslibrary.googleapis.com/v1/albums", "https://oauth2.googleapis.com/nothing"} {
		resp, err := e.Client().Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if off := date.Sub(e.Clock.Now()); err != nil || off.Abs() > 2*time.Second {
			t.Errorf("%s: Date %q, %v off (%v)", url, resp.Header.Get("Date"), off, err)
		}
	}
}
