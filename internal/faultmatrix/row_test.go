package faultmatrix

import (
	"fmt"
	"sync"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
)

// row is one thing that goes wrong in one place of a sync, or of a verification
// if it has a proof, and what must be true then. In the end, always: everything arrived once and byte for byte, nothing else did,
// all of it is in the album if there is one, no credential went to a foreign
// host or into an error, and no run made more than ten times the requests of one
// without a fault.
type row struct {
	route, fault string

	world   *world
	options emulator.Options // of the services; the library is the world's
	faults  []emulator.Fault
	skew    time.Duration // of the services' clocks against the machine's
	tune    func(*bench, *gondola.Options)
	before  func(*bench) // the first run
	during  func(*bench) // the first run, when its first file is transferred
	mend    func(*bench) // before each later run

	first   gondola.Outcome // of the first run; "" is Complete
	code    string          // of what ended the first run, or failed an item in it
	failed  int             // items that failed in the first run; -1: any number
	runs    int             // until all is there; 0: one if first is Complete, else two
	again   int64           // most bytes that may arrive a second time
	refetch int64           // most bytes that may be fetched a second time
	most    int             // requests of a run, in those of one without a fault; 0: ten
	grows   int64           // bytes that are added to the account
	longest time.Duration   // that the first run may take; 0: ten minutes
	least   time.Duration   // that it must take, as the service asks
	removes bool            // some of what was there at first may be gone, at both ends
	last    gondola.Outcome // of the last run; "" is Complete
	only    string          // path of the one object that is fetched more than once in the first run; "": any may be

	proof *proof // if not nil, the row is about a verification
}

// anyOutcome is for rows of which one part races with another, such as a
// deletion with a transfer.
const anyOutcome gondola.Outcome = "any"

func (r *row) name() string { return r.route + "/" + r.fault }

func (r *row) firstOutcome() gondola.Outcome {
	if r.first == "" {
		return gondola.OutcomeComplete
	}
	return r.first
}

func (r *row) lastOutcome() gondola.Outcome {
	if r.last == "" {
		return gondola.OutcomeComplete
	}
	return r.last
}

func (r *row) mostRuns() int {
	switch {
	case r.runs > 0:
		return r.runs
	case r.firstOutcome() == gondola.OutcomeComplete:
		return 1
	}
	return 2
}

func (r *row) mostRequests() int {
	if r.most > 0 {
		return r.most * r.world.usual
	}
	return 10 * r.world.usual
}

func (r *row) within() time.Duration {
	if r.longest > 0 {
		return r.longest
	}
	return 10 * time.Minute
}

// world is what the account holds and where it is to go.
type world struct {
	name    string
	album   string
	library func() emulator.Library
	usual   int // requests of a run without a fault
}

// Sizes of the worlds: a video that takes six upload requests, then
// photos and clips that take one each, being no larger than a granule.
const (
	videoSize = 5*mib + 700*kib
	smallOnes = 3
	smallMany = 7 // of worlds that hold nothing else
)

// mixed has one of everything that a fault can hit, the video first.
var mixed = sync.OnceValue(func() emulator.Library {
	video := emulator.Large(videoSize)[0]
	video.Captured = time.Date(2025, 12, 1, 10, 0, 0, 0, time.UTC)
	video.Created = video.Captured.Add(time.Hour)
	video.Proxies, video.Sidecars = nil, nil
	return inMemory(append(emulator.Library{video}, emulator.Many(smallOnes, 9)...))
})

// inMemory makes the bytes once for all rows.
func inMemory(l emulator.Library) emulator.Library {
	for i := range l {
		for j := range l[i].Sources {
			c := l[i].Sources[j].Content
			bytes := make(emulator.Bytes, c.Size())
			if n, err := c.ReadAt(bytes, 0); int64(n) != c.Size() {
				panic(fmt.Sprintf("sample of %d bytes: %d: %v", c.Size(), n, err))
			}
			l[i].Sources[j].Content = bytes
		}
	}
	return l
}

func many(n int) func() emulator.Library {
	return sync.OnceValue(func() emulator.Library { return inMemory(emulator.Many(n, 5)) })
}

var (
	plain  = &world{name: "plain", library: mixed}
	small  = &world{name: "small", library: many(smallMany)}
	few    = &world{name: "few", library: many(5)} // for verifications
	album  = &world{name: "album", album: "Trip", library: many(smallMany)}
	paged  = &world{name: "paged", library: many(104)} // two pages of the first walk, three of the others
	fifty  = &world{name: "fifty", library: many(51)}  // one batch of one item and one of fifty
	parts  = &world{name: "parts", library: severals}  // media of several files
	film   = &world{name: "film", library: filmed}     // a chapter that takes several upload requests, and one that takes one
	worlds = []*world{plain, small, few, album, paged, fifty, parts, film, twins, odd}
)
