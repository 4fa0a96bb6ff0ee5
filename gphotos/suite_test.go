package gphotos_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// TestSuite runs the suite of all stations against the emulated Google Photos, in
// the ways in which it may treat what is not documented.
func TestSuite(t *testing.T) {
	for name, o := range map[string]emulator.GoogleOptions{
		"usual": {},
		"unusual": {
			ExactPrefix: true, SpentTokens: emulator.SpentItem, AlbumListDelay: 5 * time.Second, PartialStatus: 207, ListDelay: time.Minute,
		},
		"spent tokens fail the call": {SpentTokens: emulator.SpentRequest},
	} {
		if raced && name != "usual" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			stationtest.RunDestination(t, func(t *testing.T) stationtest.Destination { return suiteDestination(t, o) })
		})
	}
}

// TestAlbumThatWasDeletedIsCreatedAnew deletes an album right after it was created,
// when it is not listed yet.
func TestAlbumThatWasDeletedIsCreatedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := emulator.New(emulator.Options{Google: emulator.GoogleOptions{AlbumListDelay: 5 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		d := suiteOpen(t, e, "").(station.Albums)
		first, err := d.Album(t.Context(), "Summer")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := d.Album(t.Context(), "Summer"); again != first || err != nil {
			t.Errorf("before it is listed: %q, %v, want %q", again, err, first)
		}
		e.Google.DropAlbum(first)
		second, err := d.Album(t.Context(), "Summer")
		if albums := e.Google.Albums(); err != nil || len(albums) != 1 || albums[0].ID != second {
			t.Errorf("after it was deleted: %q, %v; albums %+v", second, err, albums)
		}
	})
}

// granule is the length that upload segments are multiples of.
const granule = 256 << 10

func suiteDestination(t *testing.T, o emulator.GoogleOptions) stationtest.Destination {
	t.Helper()
	e, err := emulator.New(emulator.Options{Google: o, Accounts: []emulator.AccountOptions{{Name: "anna"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return stationtest.Destination{
		Open:  func(t *testing.T) station.Destination { return suiteOpen(t, e, "") },
		Other: func(t *testing.T) station.Destination { return suiteOpen(t, e, "anna") },
		File:  suiteFile,
		Least: emulator.MinSample,
		Large: 23*granule + 77, // more than is sent in one request without a session
		Sizes: []int64{granule - 1, 2 * granule, 5 << 20, 5<<20 + 1, 22 * granule},
		Held:  func(*testing.T) []stationtest.Held { return held(e.Account("").Items()) },
		Refused: []stationtest.Refused{
			{Item: media.Item{Name: "GS010007.360", Size: 5}, Code: media.RefusedType},
			{Item: media.Item{Name: "GOPR0001.GPR", Size: 5}, Code: media.RefusedType},
			{Item: media.Item{Name: "notes.txt", MIME: "text/plain", Size: 5}, Code: media.RefusedType},
			{Item: media.Item{Name: "GOPR0001.JPG", Size: 1e9}, Code: media.RefusedTooLarge},
		},
		Spoiled: func(n int) stationtest.File {
			f := suiteFile(500+n, emulator.MinSample)
			f.Data = contentOf(emulator.NewNoise("no picture", uint64(n), emulator.MinSample))
			return f
		},
		Drop: func(_ *testing.T, n int64) {
			e.Faults.Add(emulator.Fault{Route: "upload.*", Kind: emulator.FaultCutRequest, After: n, Call: 2})
		},
		Forget:     func(*testing.T) { e.Google.DropUploads() },
		StaleAfter: 23 * time.Hour,
	}
}

// tokens are those of an account that renews them as they expire.
type tokens struct{ account *emulator.Account }

func (s tokens) Token(context.Context) (string, error) { return s.account.GoogleToken(), nil }
func (s tokens) Invalidate(string)                     {}

func suiteOpen(t *testing.T, e *emulator.Emulator, account string) station.Destination {
	t.Helper()
	c, err := gphotos.NewClient(gphotos.Options{
		HTTP: e.Client(), Tokens: tokens{e.Account(account)},
		Sizing: resumable.Sizing{First: 2 * granule, Min: granule, Max: 4 * granule},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := gphotos.NewDestination(c, gphotos.DestinationOptions{
		Account: func(context.Context) (string, error) { return "gphotos:" + e.Account(account).User, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// suiteFile is a photo, or a video where it is large.
func suiteFile(n int, size int64) stationtest.File {
	shot := emulator.Shot{Seed: uint64(n) + 1, Number: n, Width: 96, Height: 72, Taken: time.Date(2026, 1, 20, 9, n%60, 0, 0, time.UTC)}
	name, content := fmt.Sprintf("GX01%04d.MP4", n), emulator.Content(nil)
	switch {
	case size < emulator.MinSample:
		content = emulator.NewNoise("\xff\xd8\xff", uint64(n), size) // too short to be anything
	case size < granule:
		name, content = fmt.Sprintf("GOPR%04d.JPG", n), emulator.NewPhoto(shot, size)
	default:
		shot.Duration = time.Second
		content = emulator.NewVideo(shot, size)
	}
	return stationtest.File{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("m%d", n), Part: 1, Label: "source"},
			Name: name, Size: size, Kind: media.KindByName(name), MIME: media.MIMEByName(name),
		},
		Data: contentOf(content),
	}
}

func contentOf(c emulator.Content) []byte {
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		panic(err) // generated content is read without an error
	}
	return data
}

func held(items []emulator.Item) (all []stationtest.Held) {
	for _, it := range items {
		all = append(all, stationtest.Held{ID: it.ID, Name: it.Filename, SHA256: it.SHA256, Size: it.Size, Albums: it.Albums})
	}
	return all
}
