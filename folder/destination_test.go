package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var day = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)

// interval makes checkpoints of small files.
const interval = 64 << 10

func openDestination(t *testing.T, path string) *Destination {
	t.Helper()
	d, err := NewDestination(DestinationOptions{Path: path, Name: "folder:", Zone: time.UTC, Interval: interval})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// made returns a directory that is a folder.
func made(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := openDestination(t, dir).place.make(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func file(n int, size int64) stationtest.File {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(data)
	name := fmt.Sprintf("GX01%04d.MP4", n)
	return stationtest.File{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("m%d", n), Part: 1, Label: "source"},
			Name: name, Size: size, Kind: media.Video, CapturedAt: day, Version: fmt.Sprint("v", n),
		},
		Data: data,
	}
}

// held returns the files that lie in a folder.
func held(t *testing.T, dir string) (all []stationtest.Held) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		switch {
		case err != nil || e.Name() == ownDir || name == filepath.Join(dir, albumsDir):
			return cmpSkip(e, err)
		case e.IsDir() || path.Ext(e.Name()) == ".xmp":
			return nil
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		all = append(all, stationtest.Held{ID: filepath.ToSlash(rel), Name: e.Name(), SHA256: hexSum(data), Size: int64(len(data))})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Albums = albumsHolding(t, dir, all[i].ID)
	}
	return all
}

// albumsHolding returns the directories of albums with a link to a file.
func albumsHolding(t *testing.T, dir, file string) (titles []string) {
	t.Helper()
	links, err := filepath.Glob(filepath.Join(dir, albumsDir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		to, err := filepath.EvalSymlinks(link)
		if err != nil {
			t.Error(err)
		}
		root, _ := filepath.EvalSymlinks(dir)
		if to == filepath.Join(root, filepath.FromSlash(file)) {
			titles = append(titles, filepath.Base(filepath.Dir(link)))
		}
	}
	return titles
}

func cmpSkip(e os.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if e.IsDir() {
		return filepath.SkipDir
	}
	return nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestDestination(t *testing.T) {
	stationtest.RunDestination(t, func(t *testing.T) stationtest.Destination {
		dir, other := made(t), made(t)
		return stationtest.Destination{
			Open:  func(t *testing.T) station.Destination { return annotating(t, dir, XMPSidecar) },
			Other: func(t *testing.T) station.Destination { return openDestination(t, other) },
			File:  file,
			Least: 1,
			Large: 5*interval + 77,
			Sizes: []int64{interval - 1, interval, interval + 1},
			Held:  func(t *testing.T) []stationtest.Held { return held(t, dir) },
			Title: func(title string) string { return strings.ReplaceAll(title, "/", "_") },
			Forget: func(t *testing.T) {
				if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(partialDir))); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// sums checks SHA256SUMS as sha256sum -c does.
func checkSums(t *testing.T, dir string, want int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(sumsFile)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || hexSum(content) != sum {
			t.Errorf("%s: %v, or another sum than %s", name, err, sum)
		}
		n++
	}
	if n != want {
		t.Errorf("%d sums, want %d:\n%s", n, want, data)
	}
}

// TestNewUntilMade: a folder is new until its id is stored.
func TestNewUntilMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new")
	is := func(d *Destination, want bool) {
		t.Helper()
		if got, err := d.New(t.Context()); got != want || err != nil {
			t.Errorf("New = %v, %v, want %v", got, err, want)
		}
	}
	d := openDestination(t, path)
	is(d, true)
	if _, err := d.place.make(); err != nil {
		t.Fatal(err)
	}
	is(d, false)
	is(openDestination(t, path), false)
}
