package e2e

import (
	"testing"

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
