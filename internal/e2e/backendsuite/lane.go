package backendsuite

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

// writeTime is how long the library takes for a write. It refuses another one
// meanwhile, and the thirty-first in a minute.
const writeTime = 200 * time.Millisecond

// waitsForLane is what a run says that waits for another one's writes.
const waitsForLane = "writes to the same account"

// Lane tests on stores, by their names, that processes which write to one account
// do so one at a time and within its pace together. It takes more than a minute,
// which the tests spend side by side.
func Lane(t *testing.T, stores map[string]func(t *testing.T) (uri string)) {
	var all sync.WaitGroup
	for name, newStore := range stores {
		all.Go(func() { t.Run(name, func(t *testing.T) { oneLane(t, newStore(t), false) }) })
		all.Go(func() { t.Run(name+", killed", func(t *testing.T) { oneLane(t, newStore(t), true) }) })
	}
	all.Wait()
}

// oneLane runs two sessions at once, one of which may be killed within a write and
// begun again.
func oneLane(t *testing.T, uri string, kill bool) {
	const items = 36
	l := rig.New(t, emulator.Options{
		Library: emulator.Many(items, 31), Google: emulator.GoogleOptions{ProcessingTime: -1, WriteTime: writeTime},
	}, "GONDOLA_STATE="+uri)
	library := l.Cloud.GoPro.Library() // newest first
	half := func(bound string, n int) []string {
		return []string{bound, library[n].Captured.UTC().Format(time.RFC3339), "--batch-size", "1", "--album", "Holidays"}
	}
	newer, older := half("--start", items/2-1), half("--end", items/2)
	a, b := l.Start(newer...), l.Start(older...)
	if kill {
		a.Await(func() bool { return l.Cloud.Log.Count("photos.batchCreate") > 8 })
		if b.Said(waitsForLane) {
			a.Kill()
			a = l.Start(newer...)
		} else {
			b.Kill()
			b = l.Start(older...)
		}
	}
	for _, run := range []*rig.Running{a, b} {
		if s, r := run.Wait(); r.Code != 0 || s.Items.Created != items/2 {
			t.Errorf("exit code %d, %+v\n%s", r.Code, s, r.Stderr)
		}
	}
	l.WantArrived()
	if albums := l.Cloud.Google.Albums(); len(albums) != 1 || len(albums[0].Items) != items {
		t.Errorf("%d albums, want one with %d items", len(albums), items)
	}
	wantOneLane(t, l, kill)
	wantShared(t, l, library[items/2-1].Captured)
}

// wantOneLane looks at the library's log of writes: none was refused or within
// another one, nor more than thirty in any minute.
func wantOneLane(t *testing.T, l *rig.Line, killed bool) {
	t.Helper()
	writes := slices.Concat(l.Cloud.Log.Entries("photos.batchCreate"), l.Cloud.Log.Entries("albums.create"))
	slices.SortFunc(writes, func(a, b emulator.Entry) int { return a.Time.Compare(b.Time) })
	for n, w := range writes {
		if w.Status != 200 && !(killed && w.Status == 0) {
			t.Errorf("write %d: status %d", n, w.Status)
		}
		if n >= 1 && w.Time.Sub(writes[n-1].Time) < writeTime {
			t.Errorf("write %d began %v after the one before", n, w.Time.Sub(writes[n-1].Time))
		}
		if n >= 30 && w.Time.Sub(writes[n-30].Time) < time.Minute {
			t.Errorf("writes %d to %d came within %v", n-30, n, w.Time.Sub(writes[n-30].Time))
		}
	}
	if len(writes) <= 30 {
		t.Errorf("%d writes prove nothing", len(writes))
	}
}

// wantShared fails unless both sessions had their share of the first minute.
func wantShared(t *testing.T, l *rig.Line, middle time.Time) {
	t.Helper()
	newer := 0
	first := l.Cloud.Google.Items()[:24]
	for _, it := range first {
		if !it.Created.Before(middle) {
			newer++
		}
	}
	if newer < 4 || newer > len(first)-4 {
		t.Errorf("of the first %d items %d are of one session", len(first), newer)
	}
}
