package gopro_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// TestSuite runs the suite of all stations against the emulated GoPro cloud, in the
// ways in which it may tell versions apart and list the files of a medium.
func TestSuite(t *testing.T) {
	for name, o := range map[string]emulator.GoProOptions{
		"usual":              {},
		"dates":              {Validators: emulator.ValidateDate},
		"weak tags":          {Validators: emulator.ValidateWeakly},
		"no versions":        {Validators: emulator.ValidateNothing},
		"descending":         {ChaptersDescending: true},
		"shuffled":           {Shuffled: true},
		"proxy first":        {ProxyFirst: true, WithoutItemNumbers: true},
		"short-lived tokens": {URLLife: time.Second},
	} {
		if raced && name != "usual" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			stationtest.RunSource(t, func(t *testing.T) stationtest.Source { return suiteSource(t, o) })
		})
	}
}

func suiteSource(t *testing.T, o emulator.GoProOptions) stationtest.Source {
	t.Helper()
	library := suiteLibrary("mine")
	o.Albums = suiteAlbums(library)
	e, err := emulator.New(emulator.Options{
		Library: library, GoPro: o,
		Accounts: []emulator.AccountOptions{{Name: "anna", Library: suiteLibrary("hers")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return stationtest.Source{
		Open:    func(t *testing.T) station.Source { return suiteOpen(t, e, "") },
		Other:   func(t *testing.T) station.Source { return suiteOpen(t, e, "anna") },
		Library: suiteFiles(t, e, library),
		Albums:  true,
		Join: func(_ *testing.T, f stationtest.File) {
			e.GoPro.PutAlbum(emulator.GoProAlbum{Title: "Joined", Media: []string{f.Item.ID.Medium}})
		},
		Unversioned: o.Validators == emulator.ValidateNothing,
		Change: func(t *testing.T, f stationtest.File) []byte {
			if !e.GoPro.Change(f.Item.ID.Medium, f.Item.ID.Part) {
				t.Fatalf("no original %s", f.Item.ID.Key())
			}
			return bytesOf(t, e.GoPro.Original(f.Item.ID.Medium, f.Item.ID.Part))
		},
		Drop: func(_ *testing.T, n int64) {
			e.Faults.Add(emulator.Fault{Route: "cdn.get", Kind: emulator.FaultCutResponse, After: n})
		},
		Truncate: func(*testing.T) {
			e.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultShortPage, Count: 2, Times: -1})
		},
	}
}

func suiteOpen(t *testing.T, e *emulator.Emulator, account string) station.Source {
	t.Helper()
	c, err := gopro.NewClient(gopro.Options{HTTP: e.Client(), Token: e.Account(account).GoPro.Token()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := gopro.NewSource(c, gopro.SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// suiteLibrary is one medium of each shape; the prefix tells its ids from those of
// another library.
func suiteLibrary(prefix string) emulator.Library {
	n := 0
	medium := func(typ, name string) emulator.Medium {
		n++
		at := time.Date(2025, 6, n, 9, 0, 0, 0, time.UTC)
		return emulator.Medium{
			ID: fmt.Sprintf("%s%d", prefix, n), Type: typ, Filename: &name, Extension: "mp4",
			Captured: at, Created: at.Add(11 * time.Hour), Camera: "HERO11 Black", Width: 3840, Height: 2160,
		}
	}
	object := func(name string, size int64, photo bool) emulator.Object {
		shot := emulator.Shot{Seed: uint64(len(prefix)*1000 + n), Number: int(size), Width: 96, Height: 72}
		if photo {
			return emulator.Object{Name: name, Content: emulator.NewPhoto(shot, size)}
		}
		return emulator.Object{Name: name, Content: emulator.NewVideo(shot, size)}
	}

	photo := medium("Photo", "GOPR0001.JPG")
	photo.Sources = []emulator.Object{object("GOPR0001.JPG", 8000, true)}
	raw := medium("Photo", "GOPR0002.JPG")
	raw.Sources = []emulator.Object{object("GOPR0002.JPG", 9000, true)}
	raw.RAW = []emulator.Object{{Name: "GOPR0002.GPR", Content: emulator.NewNoise("II*\x00", 7, 12_000)}}
	film := medium("Video", "GX010042.MP4")
	for part := range 12 { // two digits: a text order would be another one
		film.Sources = append(film.Sources, object(fmt.Sprintf("GX%02d0042.MP4", part+1), 10_000+int64(part), false))
	}
	film.Proxies = []emulator.Rendition{{Label: "high_res_proxy_mp4", Type: "mp4", Width: 1920, Height: 1080, Object: object("proxy.mp4", 7000, false)}}
	long := medium("Video", "GX010043.MP4")
	long.Sources = []emulator.Object{object("GX010043.MP4", 300_000, false)}
	burst := medium("Burst", "G0010001.JPG")
	burst.Set = true
	for frame := range 5 {
		burst.Sources = append(burst.Sources, object(fmt.Sprintf("G001%04d.JPG", frame+1), 11_000+int64(frame), true))
	}
	render := medium("Edit", "My film")
	render.Baked = new(object("Render.mp4", 20_000, false))
	project := medium("MultiClipEdit", "")
	project.Extension, project.MCEType = "json", "user_created"
	arriving := medium("Video", "GX010044.MP4")
	arriving.State, arriving.Unlisted = "uploading", true
	return emulator.Library{photo, raw, film, long, burst, render, project, arriving}
}

// suiteAlbums are albums, of which one is empty and two have a medium in common.
func suiteAlbums(l emulator.Library) []emulator.GoProAlbum {
	return []emulator.GoProAlbum{
		{Title: "Alps", Media: []string{l[0].ID, l[2].ID}}, {Title: "Empty"}, {Title: " Sea / Sun\n", Media: []string{l[2].ID, "nobody"}},
	}
}

// suiteAlbumsOf returns the albums that hold a medium.
func suiteAlbumsOf(l emulator.Library, medium string) (albums []media.Album) {
	for _, a := range suiteAlbums(l) {
		if slices.Contains(a.Media, medium) {
			albums = append(albums, media.Album{Title: strings.TrimSpace(a.Title)})
		}
	}
	return albums
}

// suiteFiles are the files that the emulator expects a mover to find.
func suiteFiles(t *testing.T, e *emulator.Emulator, library emulator.Library) (files []stationtest.File) {
	t.Helper()
	captured := map[string]emulator.Medium{}
	for _, m := range e.GoPro.Library() {
		captured[m.ID] = m
	}
	for _, x := range e.GoPro.Expected() {
		m := captured[x.Medium]
		f := stationtest.File{Item: media.Item{
			ID:         media.ID{Station: gopro.Scheme, Medium: x.Medium, Part: x.Part, Label: x.Label},
			CapturedAt: m.Captured, Albums: suiteAlbumsOf(library, x.Medium),
		}}
		switch {
		case x.Label == "raw_photo":
			f.Data = bytesOf(t, m.RAW[x.Part-1].Content)
		case x.Refused:
			f.Item.Refusal = &media.Refusal{Code: x.Why}
		default:
			f.Data = bytesOf(t, e.GoPro.Original(x.Medium, x.Part))
		}
		files = append(files, f)
	}
	return files
}

func bytesOf(t *testing.T, c emulator.Content) []byte {
	t.Helper()
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
