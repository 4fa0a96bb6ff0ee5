package folder

import (
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

func openSource(t *testing.T, path string) *Source {
	t.Helper()
	s, err := NewSource(SourceOptions{Path: path, Name: "folder:", Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// put writes a file with a time of modification.
func put(t *testing.T, dir, name string, data []byte, at time.Time) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(full, at, at); err != nil {
		t.Fatal(err)
	}
}

func noise(seed byte, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

func TestSource(t *testing.T) {
	stationtest.RunSource(t, func(t *testing.T) stationtest.Source {
		dir, other := t.TempDir(), t.TempDir()
		origin, err := openSource(t, dir).origin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var library []stationtest.File
		add := func(name string, size int, at time.Time) {
			data := noise(byte(len(library)), size)
			put(t, dir, name, data, at)
			put(t, other, name, data, at)
			item := media.Item{ID: media.ID{Station: Scheme, Origin: origin, Medium: name, Part: 1}, CapturedAt: at}
			if size == 0 {
				item.Refusal, data = &media.Refusal{Code: media.RefusedEmpty}, nil
			}
			if dir := path.Dir(name); dir != "." {
				item.Albums = []media.Album{{Title: strings.ReplaceAll(dir, "/", " / ")}}
			}
			library = append(library, stationtest.File{Item: item, Data: data})
		}
		add("beach/2025/d.jpg", 1200, day)
		add("beach/a.jpg", 1000, day)
		add("beach/b.mp4", 200_000, day.Add(time.Hour))
		add("c.GPR", 1, day.Add(2*time.Hour))
		add("empty.jpg", 0, day.Add(3*time.Hour))
		return stationtest.Source{
			Library: library, Single: true, Albums: true,
			Open:  func(t *testing.T) station.Source { return openSource(t, dir) },
			Other: func(t *testing.T) station.Source { return openSource(t, other) },
			Change: func(t *testing.T, f stationtest.File) []byte {
				data := noise(99, len(f.Data))
				put(t, dir, f.Item.ID.Medium, data, f.Item.CapturedAt)
				at := day.Add(48 * time.Hour)
				if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(f.Item.ID.Medium)), at, at); err != nil {
					t.Fatal(err)
				}
				return data
			},
			Truncate: func(t *testing.T) {
				if os.Geteuid() == 0 { // who may read everything
					t.Skip("no directory is unreadable for root")
				}
				if err := os.Chmod(filepath.Join(dir, "beach"), 0); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "beach"), 0o755) })
			},
		}
	})
}
