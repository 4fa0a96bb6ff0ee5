package faultmatrix

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// Media of several files: a recording of chapters, a burst, a time-lapse.
const (
	recording    = "recordingOf03"
	chapters     = 3
	chapterSize  = 240 * kib
	frames       = 4
	midChapter   = 100 * kib
	secondInFilm = "/*/*/source/default/2.mp4"
	lastFrame    = "/*/*/source/default/4.jpg"
	manifestPath = "/media/" + recording + "/download"
)

func shot(seed uint64, at time.Time) emulator.Shot {
	return emulator.Shot{Seed: seed, Number: int(seed), Taken: at, Camera: "HERO11 Black", Width: 3840, Height: 2160, Duration: 19 * time.Second}
}

// recorded is a recording of chapters of some sizes, the newest of its account.
func recorded(sizes ...int64) emulator.Medium {
	at := time.Date(2025, 12, 1, 10, 0, 0, 0, time.UTC)
	m := emulator.Medium{
		ID: recording, Type: "Video", Filename: new("GX010042.MP4"), Extension: "mp4", Captured: at, Created: at.Add(time.Hour),
		Camera: "HERO11 Black", Width: 3840, Height: 2160, Duration: time.Minute,
	}
	for n, size := range sizes {
		m.Sources = append(m.Sources, emulator.Object{
			Name: fmt.Sprintf("GX%02d0042.MP4", n+1), Content: emulator.NewVideo(shot(uint64(100+n), at), size),
		})
	}
	return m
}

// burst is a set of frames, listed as files beside a cover, or numbered.
func burst(seed uint64, id, kind, pattern string, n int, numbered bool) emulator.Medium {
	at := time.Date(2025, 11, 1, 10, 0, 0, 0, time.UTC)
	m := emulator.Medium{
		ID: id, Type: kind, Filename: new(fmt.Sprintf(pattern, 1)), Extension: "jpg", Captured: at, Created: at.Add(time.Hour),
		Camera: "HERO11 Black", Width: 3648, Height: 2736, Set: true, Numbered: numbered,
	}
	for part := 1; part <= n; part++ {
		m.Sources = append(m.Sources, emulator.Object{
			Name: fmt.Sprintf(pattern, part), Content: emulator.NewPhoto(shot(seed+uint64(part), at), 20*kib+int64(part)),
		})
	}
	return m
}

var (
	severals = sync.OnceValue(func() emulator.Library {
		return inMemory(append(emulator.Library{
			recorded(chapterSize, chapterSize, chapterSize/2),
			burst(200, "burstOfFour00", "Burst", "G001%04d.JPG", frames, false),
			burst(300, "lapseOfThree0", "TimeLapse", "G005%04d.JPG", 3, true),
		}, emulator.Many(2, 21)...))
	})
	filmed = sync.OnceValue(func() emulator.Library { return inMemory(emulator.Library{recorded(videoSize, chapterSize)}) })
)

// parted are the routes of a medium of several files, one file of which is hit:
// a chapter at the CDN, and the manifest, at the listing and when an address has
// expired in mid-file.
func parted() []place {
	inMidChapter := on("cdn.get", emulator.Fault{Path: secondInFilm, Kind: emulator.FaultCutResponse, After: midChapter})
	expired := on("cdn.get", emulator.Fault{Path: secondInFilm, Kind: emulator.FaultExpired, Call: 2})
	return []place{
		{row: row{route: "cdn.get of a chapter", world: parts, only: secondInFilm}, path: secondInFilm},
		{row: row{route: "cdn.get in mid-chapter", world: parts, only: secondInFilm, faults: inMidChapter}, path: secondInFilm, call: 2},
		{row: row{route: "cdn.get of a frame", world: parts, only: lastFrame}, path: lastFrame},
		{row: row{route: "gopro.download of parts", world: parts}, path: manifestPath},
		{row: row{route: "gopro.download in mid-chapter", world: parts, only: secondInFilm, faults: slices.Concat(inMidChapter, expired)},
			path: manifestPath, call: 2},
	}
}

var partRefusals = []refusal{
	{route: "cdn.get of a chapter", statuses: []int{401, 403, 404, 410, 416}},
	{route: "cdn.get of a chapter", statuses: []int{302, 400, 409, 412, 413}, first: gondola.OutcomePartial, code: fault.Protocol, failed: 1},
	{route: "cdn.get of a frame", statuses: []int{401, 403, 404, 410, 416}},
	{route: "cdn.get of a frame", statuses: []int{302, 400, 409, 412, 413}, first: gondola.OutcomePartial, code: fault.Protocol, failed: 1},
	{route: "gopro.download of parts", statuses: []int{302, 400, 401, 404, 406, 409, 410, 412, 413, 415}},
	{route: "gopro.download in mid-chapter", statuses: []int{404, 410}, first: gondola.OutcomePartial, code: fault.Gone, failed: 1},
	{route: "gopro.download in mid-chapter", statuses: []int{302, 400, 401, 406, 409, 412, 413, 415}, first: gondola.OutcomePartial, code: fault.Protocol, failed: 1},
}

// severalFiles are the rows in which one file of a medium goes wrong, which the
// others are not to feel.
func severalFiles() []*row {
	return slices.Concat(oneFile(), manifested(), stopped())
}

// oneFile are the rows of the CDN.
func oneFile() (rows []*row) {
	gone, changed, expired := status(404), emulator.Fault{Kind: emulator.FaultChanged}, emulator.Fault{Kind: emulator.FaultExpired}
	for _, route := range []string{"cdn.get of a chapter", "cdn.get of a frame"} {
		p := placeOf(route)
		hit := func(failure string, r row, f emulator.Fault) {
			r.route, r.world, r.only, r.fault, r.faults = p.route, p.world, p.only, failure, p.hit(f)
			rows = append(rows, &r)
		}
		hit("changed before the first byte", row{}, changed)
		hit("an expired address", row{}, expired)
		hit("three expired addresses", row{}, times(3, expired))
		hit("404 for ever", row{first: gondola.OutcomePartial, code: fault.Gone, failed: 1, longest: 90 * time.Minute}, times(forEver, gone))
		hit("403 for ever", row{first: gondola.OutcomePartial, code: fault.Server, failed: 1, longest: 90 * time.Minute}, times(forEver, status(403)))
		hit("cut after a byte, four times", row{}, times(4, after(1, emulator.FaultCutResponse)))
	}
	p := placeOf("cdn.get in mid-chapter")
	dropped := func(failure string, r row, faults ...emulator.Fault) {
		r.route, r.world, r.only, r.fault, r.faults = p.route, p.world, p.only, failure, slices.Clone(p.faults)
		for n, f := range faults {
			f.Route, f.Path, f.Call = "cdn.get", p.path, n+2
			r.faults = append(r.faults, f)
		}
		rows = append(rows, &r)
	}
	dropped("the address expired", row{}, expired)
	dropped("three addresses expired", row{}, expired, expired, expired)
	dropped("200 where 206 was asked", row{}, emulator.Fault{Kind: emulator.FaultIgnoreRange})
	dropped("the object changed", row{again: chapterSize}, changed)
	dropped("the object changed twice", row{again: 2 * chapterSize}, changed, after(midChapter, emulator.FaultCutResponse), changed)
	dropped("not found by any address", row{first: gondola.OutcomePartial, code: fault.Gone, failed: 1}, gone, gone)
	dropped("416", row{again: chapterSize}, status(416))
	return rows
}

// manifested are the rows of manifests that are not as they should be.
func manifested() (rows []*row) {
	listed, expired := placeOf("gopro.download of parts"), placeOf("gopro.download in mid-chapter")
	manifest := func(p place, failure string, r row, faults ...emulator.Fault) {
		r.route, r.world, r.only, r.fault, r.faults = p.route, p.world, p.only, failure, slices.Clone(p.faults)
		for _, f := range faults {
			r.faults = append(r.faults, p.hit(f)...)
		}
		rows = append(rows, &r)
	}
	reordered := emulator.Fault{Kind: emulator.FaultReorder}
	short := func(parts int) emulator.Fault { return emulator.Fault{Kind: emulator.FaultShortPage, Count: parts} }
	manifest(listed, "chapters in another order", row{}, reordered)
	manifest(listed, "chapters in another order for ever", row{}, times(forEver, reordered))
	manifest(listed, "a chapter is missing once", row{runs: 2}, short(2))
	manifest(listed, "two chapters are missing in the first run", row{runs: 2}, times(forEver, short(1)))
	manifest(expired, "chapters in another order", row{}, reordered)
	manifest(expired, "another chapter is missing", row{}, short(2))
	manifest(expired, "this chapter is missing", row{first: gondola.OutcomePartial, code: fault.Gone, failed: 1}, short(1))

	set := listed
	set.path = "/media/burstOfFour00/download"
	manifest(set, "frames in another order", row{}, reordered)
	manifest(set, "a frame is missing once", row{runs: 2}, short(3))
	set.path = "/media/lapseOfThree0/download"
	manifest(set, "numbered frames in another order", row{}, reordered)
	manifest(set, "a numbered frame is missing once", row{runs: 2}, short(2))

	for name, o := range map[string]emulator.GoProOptions{
		"the last chapter comes first":                         {ChaptersDescending: true},
		"chapters without numbers":                             {WithoutItemNumbers: true},
		"chapters without numbers, the last one first":         {WithoutItemNumbers: true, ChaptersDescending: true},
		"entries that do not say whether they are available":   {WithoutAvailable: true},
		"entries with more than one address":                   {Extras: true},
		"addresses that live one second, and connections drop": {URLLife: time.Second},
	} {
		r := row{options: emulator.Options{GoPro: o}}
		if o.URLLife == 0 {
			manifest(listed, name, r, reordered)
			continue
		}
		r.faults = on("cdn.get", times(6, after(midChapter/2, emulator.FaultCutResponse)))
		r.route, r.world, r.fault = listed.route, parts, name
		rows = append(rows, &r)
	}
	return rows
}

// stopped are the rows of runs that end, and uploads that break, between two
// files of a medium or within one.
func stopped() []*row {
	quota := emulator.Fault{Kind: emulator.FaultQuotaDaily}
	return []*row{
		{route: "upload.raw", fault: "the run ends after a chapter and goes on", world: parts, tune: oneByOne,
			faults: on("upload.raw", at(2, quota)), first: gondola.OutcomeQuota, code: fault.Quota},
		{route: "upload.raw", fault: "the run ends after some frames and goes on", world: parts, tune: oneByOne,
			faults: on("upload.raw", at(6, quota)), first: gondola.OutcomeQuota, code: fault.Quota},
		{route: "upload.chunk", fault: "the run ends in mid-chapter and goes on", world: film, tune: oneByOne,
			faults: on("upload.chunk", at(4, quota)), first: gondola.OutcomeQuota, code: fault.Quota},
		{route: "upload.chunk", fault: "a chapter cut", world: film, tune: oneByOne, again: 256 * kib,
			faults: on("upload.chunk", at(2, after(300*kib, emulator.FaultCutRequest)))},
		{route: "upload.chunk", fault: "the session of a chapter lost", world: film, tune: oneByOne, again: videoSize,
			faults: on("upload.chunk", at(2, emulator.Fault{Kind: emulator.FaultLoseSession}))},
		{route: "upload.finalize", fault: "answer lost of a chapter", world: film, tune: oneByOne, again: videoSize,
			faults: on("upload.finalize", emulator.Fault{Kind: emulator.FaultLoseToken})},
		{route: create, fault: "code 3 of one chapter", world: parts, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1,
			faults: on(create, itemCode(3, 1))},
		{route: create, fault: "code 13 of one frame", world: parts, faults: on(create, itemCode(13, 4))},
		{route: create, fault: "one bad token among the frames", world: parts, again: chapterSize,
			before: both(uploadedOnly, spoil(func(n int) bool { return n == 4 }))},
		{route: "cdn.get of a chapter", fault: "changed between two runs", world: parts, tune: oneByOne, again: chapterSize,
			faults: on("upload.raw", at(2, quota)), first: gondola.OutcomeQuota, code: fault.Quota,
			mend: func(b *bench) { b.cloud.GoPro.Change(recording, 2) }},
		{route: "cdn.get of a chapter", fault: "the recording is deleted after its first chapter", world: parts, tune: oneByOne,
			removes: true, first: gondola.OutcomePartial, code: fault.Gone, failed: chapters - 1, last: gondola.OutcomePartial,
			during: func(b *bench) { b.cloud.GoPro.Remove(recording) }},
		{route: "cdn.get of a frame", fault: "two frames are equal", world: twins},
	}
}

// twins is a burst of which two frames are the same bytes.
var twins = &world{name: "twins", library: sync.OnceValue(func() emulator.Library {
	m := burst(400, "burstOfTwins0", "Burst", "G002%04d.JPG", frames, false)
	m.Sources[2].Content = m.Sources[1].Content
	return inMemory(emulator.Library{m})
})}
