package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

var day = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)

// TestSource holds the station against the suite of all stations.
func TestSource(t *testing.T) {
	stationtest.RunSource(t, func(t *testing.T) stationtest.Source {
		files := fstest.MapFS{}
		library := []stationtest.File{}
		add := func(name string, size int, at time.Time) {
			data := bytes.Repeat([]byte(name), size/len(name)+1)[:size]
			files[name] = &fstest.MapFile{Data: data, ModTime: at}
			info, err := fs.Stat(files, name)
			if err != nil {
				t.Fatal(err)
			}
			item := (&source{origin: "a"}).item(name, info)
			if item.Refusal != nil {
				data = nil
			}
			library = append(library, stationtest.File{Item: item, Data: data})
		}
		add("beach/a.jpg", 1000, day)
		add("beach/b.mp4", 200_000, day.Add(time.Hour))
		add("c.jpg", 1, day.Add(2*time.Hour))
		add("notes.txt", 10, day.Add(3*time.Hour))
		return stationtest.Source{
			Library: library, Single: true,
			Open:  func(*testing.T) station.Source { return &source{files: files, origin: "a"} },
			Other: func(*testing.T) station.Source { return &source{files: files, origin: "b"} },
			Change: func(_ *testing.T, f stationtest.File) []byte {
				data := bytes.Repeat([]byte{'!'}, len(f.Data))
				files[f.Item.ID.Medium] = &fstest.MapFile{Data: data, ModTime: day.Add(48 * time.Hour)}
				return data
			},
		}
	})
}

// TestRun carries two pictures and a text from a directory, twice.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{
			"a.jpg":      {Data: picture(t, 1), ModTime: day},
			"trip/a.jpg": {Data: picture(t, 2), ModTime: day},
			"notes.txt":  {Data: []byte("x"), ModTime: day},
		}
		var out bytes.Buffer
		if err := run(t.Context(), &out, files); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("complete: 2 created, 1 skipped, 0 failed, %d bytes sent\n"+
			"complete: 2 created, 1 skipped, 0 failed, 0 bytes sent\n", len(files["a.jpg"].Data)+len(files["trip/a.jpg"].Data))
		if out.String() != want {
			t.Errorf("the runs printed\n%swant\n%s", out.String(), want)
		}
	})
}

func picture(t *testing.T, n int) []byte {
	t.Helper()
	content := emulator.NewPhoto(emulator.Shot{Seed: uint64(n), Taken: day, Width: 4000, Height: 3000}, 100_000)
	data, err := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
