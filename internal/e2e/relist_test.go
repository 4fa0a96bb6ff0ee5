package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// TestAFinishedWindowIsLookedAtAgain: a card that is uploaded a week after its
// window was carried comes with the next run, which asks for a page per hundred
// media and for nothing that it knows.
func TestAFinishedWindowIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	const n = 230
	library := emulator.Many(n, 4)
	l := newLine(t, emulator.Options{Library: library})
	window := []string{"--start", "1990-01-01", "--end", "2026-10-01"}
	first, r := l.Sync(window...)
	if r.Code != 0 || first.Items.Created != n {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, first, r.Stderr)
	}
	again := func() map[string]int64 {
		l.Cloud.Log.Clear()
		s, r := l.Sync(window...)
		if r.Code != 0 || s.Outcome != "complete" {
			t.Fatalf("exit code %d, %+v\n%s", r.Code, s, r.Stderr)
		}
		return s.Requests
	}
	if asked := again(); asked["gopro"] != 4 || l.Cloud.Log.Count("gopro.search") != 3 || asked["cdn"] != 0 {
		t.Errorf("looking again at %d media asked %v", n, asked)
	}

	late := emulator.Many(1, 99)
	late[0].Captured = library[0].Captured
	late[0].Created = late[0].Captured.Add(300 * 24 * time.Hour)
	if err := l.Cloud.GoPro.Add(late...); err != nil {
		t.Fatal(err)
	}
	if again(); l.Cloud.Log.Count("gopro.download") != 1 {
		t.Errorf("%d manifests for one medium that is new", l.Cloud.Log.Count("gopro.download"))
	}
	l.WantArrived()
}

// TestACountThatIsTooHigh ends in a warning that names the difference, and exit
// code 0.
func TestACountThatIsTooHigh(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(12, 6), GoPro: emulator.GoProOptions{Overcount: 2}})
	s, r := l.Sync()
	if r.Code != 0 || s.Outcome != "complete" || !strings.Contains(r.Stdout, `"warnings":["GoPro counts 14 media and lists 12`) {
		t.Errorf("exit code %d, %+v\n%s\n%s", r.Code, s, r.Stdout, r.Stderr)
	}
	l.WantArrived()
}
