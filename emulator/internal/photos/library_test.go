package photos

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestOldFilesAreLetGo(t *testing.T) {
	frontend := &google.Frontend{Now: time.Now}
	uploads := upload.New(frontend, nil, upload.Options{KeepFile: 1 << 20, Digest: sha256.New})
	s := New(frontend, uploads, nil, nil, Options{KeepAll: 12 << 20})
	for i := range 4 {
		video := bytesOfContent(sample.NewVideo(sample.Shot{Seed: uint64(i)}, 10<<20))
		if _, err := s.Put("u", fmt.Sprint(i), video); err != nil {
			t.Fatal(err)
		}
	}
	if l := s.library; l.held > 12<<20 || len(l.holding) == 4 || len(l.holding) == 0 {
		t.Errorf("%d bytes of %d items are held", l.held, len(l.holding))
	}
}
