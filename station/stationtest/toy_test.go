package stationtest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// defect is what is wrong with the toys: nothing, except in the processes that
// TestDefectsAreFound starts.
var defect = os.Getenv("STATIONTEST_DEFECT")

func TestToySource(t *testing.T) {
	stationtest.RunSource(t, func(*testing.T) stationtest.Source { return toySourceHarness("home") })
}

func TestToyDestination(t *testing.T) {
	stationtest.RunDestination(t, func(*testing.T) stationtest.Destination { return toyDestinationHarness() })
}

// noise returns n bytes that differ with the seed.
func noise(seed uint64, n int64) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(data) // never fails
	return data
}

// toyFile is a file that a toy source of an origin holds.
func toyFile(origin, medium string, part int, day int, size int64) stationtest.File {
	name := fmt.Sprintf("%s-%d.jpg", medium, part)
	return stationtest.File{
		Item: media.Item{
			ID:   media.ID{Station: "toy", Origin: origin, Medium: medium, Part: part, Label: "source"},
			Name: name, CapturedAt: time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC),
		},
		Data: noise(uint64(day*10+part), size),
	}
}

func toyLibrary(origin string) []stationtest.File {
	refused := toyFile(origin, "project", 1, 4, 0)
	refused.Item.Refusal = &media.Refusal{Code: media.RefusedProject, Reason: "it is a project"}
	refused.Data = nil
	return []stationtest.File{
		toyFile(origin, "burst", 1, 1, 1000), toyFile(origin, "burst", 2, 1, 2000), toyFile(origin, "burst", 3, 1, 3000),
		toyFile(origin, "film", 1, 2, 200_000), toyFile(origin, "photo", 1, 3, 5000), refused,
	}
}

func toySourceHarness(origin string) stationtest.Source {
	shelf := newToyShelf(toyLibrary(origin))
	other := newToyShelf(toyLibrary("away"))
	if defect == "origins share identities" {
		other = newToyShelf(toyLibrary(origin))
	}
	return stationtest.Source{
		Open:    func(*testing.T) station.Source { return &toySource{shelf, origin, defect} },
		Library: toyLibrary(origin),
		Other:   func(*testing.T) station.Source { return &toySource{other, "away", defect} },
		Change: func(_ *testing.T, f stationtest.File) []byte {
			shelf.mu.Lock()
			defer shelf.mu.Unlock()
			shelf.edits[f.Item.ID]++
			f.Data = noise(99, int64(len(f.Data)))
			shelf.files[f.Item.ID] = f
			return f.Data
		},
		Drop: func(_ *testing.T, n int64) {
			shelf.mu.Lock()
			defer shelf.mu.Unlock()
			shelf.drops = append(shelf.drops, n)
		},
		Truncate: func(*testing.T) {
			shelf.mu.Lock()
			defer shelf.mu.Unlock()
			shelf.short = true
		},
	}
}

// toyUploadFile is the nth file to carry to a toy.
func toyUploadFile(n int, size int64) stationtest.File {
	f := toyFile("", fmt.Sprintf("upload%d", n), 1, 1, 0)
	f.Item.Size, f.Data = size, noise(uint64(n)+1000, size)
	return f
}

func toyDestinationHarness() stationtest.Destination {
	vault, other := newToyVault(), newToyVault()
	if defect == "a checkpoint of another account is taken" {
		other = vault
	}
	return stationtest.Destination{
		Open:    func(*testing.T) station.Destination { return &toyDestination{vault, "home", defect} },
		Other:   func(*testing.T) station.Destination { return &toyDestination{other, "away", defect} },
		File:    toyUploadFile,
		Least:   100,
		Large:   5*block + 77,
		Sizes:   []int64{block - 1, block, block + 1},
		Held:    func(*testing.T) []stationtest.Held { return vault.shown() },
		Refused: []stationtest.Refused{{Item: media.Item{Name: "notes.txt", Size: 5}, Code: media.RefusedType}},
		Spoiled: func(n int) stationtest.File {
			f := toyUploadFile(n+500, 1000)
			f.Item.Name = "spoiled.jpg"
			return f
		},
		Forget: func(*testing.T) {
			vault.mu.Lock()
			defer vault.mu.Unlock()
			clear(vault.parts)
		},
	}
}
