package e2e

import (
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestAlbumThatWasDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(5, 21)})
	if _, r := l.sync("--album", "Holidays"); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	for _, a := range l.cloud.Google.Albums() {
		l.cloud.Google.DropAlbum(a.ID)
	}
	if err := l.cloud.GoPro.Add(emulator.Many(6, 22)[5]); err != nil {
		t.Fatal(err)
	}
	s, r := l.sync("--album", "Holidays")
	if r.code != 0 || s.Items.Created != 6 {
		t.Errorf("exit code %d, %+v\n%s", r.code, s, r.stderr)
	}
	l.wantArrived()
	if albums := l.cloud.Google.Albums(); len(albums) != 1 || len(albums[0].Items) != 1 {
		t.Errorf("albums: %+v", albums)
	}
}
