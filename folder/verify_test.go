package folder

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// TestVerify does to files what people and disks do to them.
func TestVerify(t *testing.T) {
	dir := made(t)
	f := []string{}
	for n := range 6 {
		f = append(f, carry(t, openDestination(t, dir), file(n, 1000))...)
	}
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(f[1]))); err != nil {
		t.Fatal(err)
	}
	put(t, dir, f[2], []byte("longer or shorter"), day)
	put(t, dir, f[3], file(3, 1000).Data, day.Add(24*time.Hour)) // touched
	put(t, dir, f[4], noise(77, 1000), day)                      // rotten: only its bytes tell
	put(t, dir, f[5], file(5, 1000).Data, day.Add(time.Hour))    // a FAT disk after a change of clocks
	for deep, want := range map[bool]map[string]State{
		false: {f[0]: Whole, f[1]: Missing, f[2]: Changed, f[3]: Changed, f[4]: Whole, f[5]: Whole},
		true:  {f[0]: Whole, f[1]: Missing, f[2]: Changed, f[3]: Whole, f[4]: Changed, f[5]: Whole},
	} {
		got := map[string]State{}
		_, err := Verify(t.Context(), VerifyOptions{Path: dir, Deep: deep, Each: func(f Finding) error {
			if got[f.Entry.Path] = f.State; (f.State == Whole) != (f.Reason == "") {
				t.Errorf("%s is %s: %q", f.Entry.Path, f.State, f.Reason)
			}
			return nil
		}})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("deep %t: %v, %v; want %v", deep, got, err, want)
		}
	}
	if _, err := Verify(t.Context(), VerifyOptions{Path: t.TempDir(), Each: func(Finding) error { return nil }}); err == nil {
		t.Error("a directory that is no folder is verified")
	}
}

// TestChangedWhileRead changes a file that is being read: it never ends as if it were
// whole.
func TestChangedWhileRead(t *testing.T) {
	for name, data := range map[string][]byte{"other bytes": noise(2, 1000), "shorter": noise(3, 600), "longer": noise(4, 2000)} {
		dir := t.TempDir()
		put(t, dir, "a.jpg", noise(1, 1000), day)
		s := openSource(t, dir)
		for item, err := range s.List(t.Context(), media.Window{}) {
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Open(t.Context(), item, 0, item.Version)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c.Body, make([]byte, 500)); err != nil {
				t.Fatal(err)
			}
			put(t, dir, "a.jpg", data, day.Add(time.Hour))
			if _, err := io.ReadAll(c.Body); fault.CodeOf(err) != fault.Changed {
				t.Errorf("%s: %v, want a fault with %s", name, err, fault.Changed)
			}
			c.Body.Close()
		}
	}
}
