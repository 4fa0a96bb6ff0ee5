package faultmatrix

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// oddSize is of each file of the odd media, in bytes: more than what a row lets
// arrive twice.
const oddSize = 700 * kib

// odd has media whose manifests number their files badly or not at all, list them
// in another order each time, and list more than frames among the frames of a set.
var odd = &world{name: "odd", library: sync.OnceValue(func() emulator.Library {
	return inMemory(emulator.Library{
		oddFilm("filmWithoutNo", 500, listedAs("5f0c.mp4", 0, ""), listedAs("a91e.mp4", 0, "")),
		oddFilm("filmOfLenses0", 510, listedAs("", 1, "default"), listedAs("", 1, "front")),
		oddFilm("film1and2and2", 520, listedAs("a.mp4", 1, ""), listedAs("b.mp4", 2, ""), listedAs("c.mp4", 2, ""), listedAs("d.mp4", 3, "")),
		oddSet(),
	})
})}

// listedAs names an object by the end of its address, its number, 0 for none, and
// its camera position.
func listedAs(file string, number int, position string) emulator.Listed {
	return emulator.Listed{File: file, Number: &number, Position: position}
}

func oddFilm(id string, seed uint64, listed ...emulator.Listed) emulator.Medium {
	m := recorded(make([]int64, len(listed))...)
	m.ID = id
	m.Odd = map[string]json.RawMessage{"item_count": json.RawMessage("null")}
	for n := range listed {
		m.Sources[n].Content = emulator.NewVideo(shot(seed+uint64(n), m.Captured), oddSize+int64(n)*kib)
		m.Sources[n].Listed = listed[n]
	}
	return m
}

// oddSet is a burst of upright frames whose addresses end in versions, with a
// video and a second copy of each frame in another format among them.
func oddSet() emulator.Medium {
	m := burst(530, "burstOfMany00", "Burst", "G007%04d.JPG", 2, false)
	m.Odd = map[string]json.RawMessage{"item_count": json.RawMessage("null")}
	m.Width, m.Height = 3000, 4000
	for n := range m.Sources {
		m.Sources[n].Listed = emulator.Listed{File: fmt.Sprintf("%d.jpg.v2", n+1), Width: 4000, Height: 3000, Orientation: 6}
		raw := emulator.NewNoise("II*\x00", 540+uint64(n), 30*kib)
		m.Beside = append(m.Beside, emulator.Object{Name: fmt.Sprintf("G007%04d.GPR", n+1), Content: raw, Listed: listedAs("", n+1, "")})
	}
	video := emulator.NewVideo(shot(550, m.Captured), oddSize)
	m.Beside = append(m.Beside, emulator.Object{Name: "G0070001.MP4", Content: video, Listed: listedAs("", 1, "")})
	return m
}

// oddly are the rows of manifests whose order says nothing.
func oddly() []*row {
	shuffled := emulator.Options{GoPro: emulator.GoProOptions{Shuffled: true}}
	rows := []*row{{route: "gopro.download of odd media", fault: "another order in each answer", world: odd, options: shuffled}}
	for _, object := range []string{"source/default/5f0c.mp4", "source/default/a91e.mp4", "source/front/2.mp4", "source/default/1.mp4", "source/default/c.mp4"} {
		path := "/*/*/" + object
		rows = append(rows, &row{
			route: "gopro.download of odd media", fault: "another order after " + object + " failed", world: odd, options: shuffled, only: path,
			faults: on("cdn.get", emulator.Fault{Path: path, Kind: emulator.FaultStatus, Status: 404, Times: forEver}),
			first:  gondola.OutcomePartial, code: fault.Gone, failed: 1, longest: 90 * time.Minute,
		})
	}
	for name, leftOut := range map[string][2][]int{
		"the second file comes later":        {nil, {1}},
		"the first file goes and comes":      {{2}, {1}},
		"one file is there, then the other":  {{2, 3}, {1}},
		"one comes, then both in each order": {{1}, {2}},
	} {
		rows = append(rows, &row{
			route: "gopro.download of odd media", fault: name, world: odd, options: shuffled, runs: 3,
			first: anyOutcome, failed: -1, // the file may be gone when its size, less than that of all files, is looked at twice
			before: func(b *bench) { b.add(comesAndGoes(leftOut)) },
		})
	}
	return rows
}

// comesAndGoes is a film of two files of which some manifests lack one.
func comesAndGoes(leftOut [2][]int) emulator.Medium {
	m := oddFilm("filmOfComings", 560, listedAs("e.mp4", 0, ""), listedAs("f.mp4", 0, ""))
	for n := range m.Sources {
		m.Sources[n].Listed.LeftOut = leftOut[n]
	}
	return m
}

func (b *bench) add(m emulator.Medium) {
	if err := b.cloud.GoPro.Add(m); err != nil {
		b.t.Fatal(err)
	}
}
