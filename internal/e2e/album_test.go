package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

func TestAlbumThatWasDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(5, 21)})
	if _, r := l.Sync("--album", "Holidays"); r.Code != 0 {
		t.Fatalf("exit code %d\n%s", r.Code, r.Stderr)
	}
	for _, a := range l.Cloud.Google.Albums() {
		l.Cloud.Google.DropAlbum(a.ID)
	}
	if err := l.Cloud.GoPro.Add(emulator.Many(6, 22)[5]); err != nil {
		t.Fatal(err)
	}
	s, r := l.Sync("--album", "Holidays")
	if r.Code != 0 || s.Items.Created != 6 {
		t.Errorf("exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	l.WantArrived()
	if albums := l.Cloud.Google.Albums(); len(albums) != 1 || len(albums[0].Items) != 1 {
		t.Errorf("albums: %+v", albums)
	}
}

// TestAlbumIsMadeOnce by two processes at once and by one later, while the
// listing lacks what was created.
func TestAlbumIsMadeOnce(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"jsondir", "sqlite"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, emulator.Options{Library: emulator.Many(40, 23), Google: emulator.GoogleOptions{AlbumListDelay: time.Hour}})
			ask := func(n int) []string {
				return []string{"--album", "Holidays", "--state", store + ":" + l.Home + "/" + store, "--exclude", "nothing" + strconv.Itoa(n)}
			}
			a, b := l.Start(ask(1)...), l.Start(ask(2)...)
			first, ra := a.Wait()
			second, rb := b.Wait()
			if ra.Code != 0 || rb.Code != 0 || first.SessionID == second.SessionID {
				t.Errorf("exit codes %d and %d, sessions %s and %s\n%s%s", ra.Code, rb.Code, first.SessionID, second.SessionID, ra.Stderr, rb.Stderr)
			}
			if _, r := l.Sync(ask(3)...); r.Code != 0 {
				t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
			}
			if albums := l.Cloud.Google.Albums(); len(albums) != 1 {
				t.Errorf("%d albums, want one", len(albums))
			}
		})
	}
}
