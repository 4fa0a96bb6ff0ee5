//go:build linux || darwin

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// TestFilesThatGrow appends to a file while it is carried: what arrives is the whole file,
// from the same run or from the next.
func TestFilesThatGrow(t *testing.T) {
	t.Parallel()
	film := emulator.Large(4 * mib)[0]
	for _, to := range []string{"target", "gphotos:"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, emulator.Options{Library: emulator.Many(0, 1)})
			source, target := filepath.Join(l.Home, "source"), to
			progress := l.Received
			if to == "target" {
				target = filepath.Join(l.Home, to)
				progress = func() int64 { return l.inPartial(target) }
			}
			l.copyOut(film, source)
			path := filepath.Join(source, film.Sources[0].Name)
			running := l.Start(source, target, "--bwlimit", "6M", "--chunk-multiplier", "4")
			running.Await(func() bool { return progress() > mib })
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.WriteString("more")
			f.Close()
			if s, r := running.Wait(); r.Code != 0 && r.Code != 3 {
				t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
			}
			l.SyncUntilDone(1, source, target)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var there []string
			if to == "gphotos:" {
				for _, item := range l.Cloud.Google.Items() {
					there = append(there, item.SHA256)
				}
			} else {
				there = slices.Collect(maps.Values(l.carried(target)))
			}
			if !slices.Equal(there, []string{digestOf(string(data))}) {
				t.Errorf("there are %v, want the whole file alone", there)
			}
		})
	}
}
