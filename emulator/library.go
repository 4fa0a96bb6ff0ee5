package emulator

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Library is what a GoPro account holds, in any order.
type Library []Medium

// Medium is one entry of a GoPro library: a recording, a burst, an edit. Its
// fields are those of a search row where they have the same name; an empty one
// is null or absent there.
type Medium struct {
	ID          string // opaque, case-sensitive
	Type        string // "Photo", "Video", "Burst", …
	Filename    *string
	Extension   string // "mp4", "jpg", …
	Title       string
	Captured    time.Time
	Zone        string // such as "+02:00"
	Created     time.Time
	Camera      string // model
	Width       int    // pixels, of the original
	Height      int    // pixels, of the original
	Duration    time.Duration
	State       string // ready_to_view; "" is "ready"
	MCEType     string
	Composition string // "export" for a render made for sharing

	ItemCount   *int            // nil: as many as there are originals
	FileSize    json.RawMessage // nil: the sum of the originals; else sent as it is, such as null
	Reprocessed time.Time       // reprocessed_at; zero is absent
	// Odd are members of the row that are sent as they are, instead of what they
	// should be.
	Odd map[string]json.RawMessage

	// Sources are the originals in order: one file, chapters, or frames. None:
	// the cloud has lost them, or the medium is an edit.
	Sources []Object
	// Set says that the sources are the frames of a photo set, which a download
	// lists as files beside a cover; Numbered, that it lists them as numbered
	// sources instead.
	Set, Numbered bool
	// Beside are further files that a download of a set lists among its frames,
	// such as raw photos and videos. In addresses their numbers go on from those
	// of the sources.
	Beside []Object
	// Missing are numbers of sources, from 1, that item_count counts and no
	// download lists.
	Missing []int
	// Baked is the film rendered from an edit, Concat the one joined from
	// chapters.
	Baked, Concat *Object
	// Proxies are the lesser renditions of a video, RAW the raw photos beside
	// the sources, Sidecars telemetry and other companions.
	Proxies  []Rendition
	RAW      []Object
	Sidecars []Rendition
	// Old says that downloads have the shape of 2020, without "available".
	Old bool
	// Unlisted says that nothing can be downloaded yet: the upload goes on.
	Unlisted bool
}

// Object is the bytes behind a CDN URL.
type Object struct {
	Name    string // file name that the content disposition tells
	Content Content
	Gone    bool // listed with "available": false, and 404 at the CDN
	Listed  Listed
}

// Listed is how downloads list an object where that is not the usual way.
type Listed struct {
	Number      *int   // item_number; nil: as usual, 0: none
	Position    string // camera_position, and in the address; "" is "default"
	File        string // last element of the address; "" is NUMBER.TYPE
	Width       int    // pixels; 0: as usual
	Height      int    // pixels; 0: as usual
	Orientation int    // 0: as usual
	LeftOut     []int  // downloads of the medium, from 1, that leave the object out
}

func (l Listed) position() string { return cmp.Or(l.Position, "default") }

// apply changes an entry to what is listed.
func (l Listed) apply(e entry) {
	switch {
	case l.Number == nil:
	case *l.Number == 0:
		delete(e, "item_number")
		delete(e, "camera_position")
	default:
		e["item_number"] = *l.Number
	}
	if l.Position != "" {
		e["camera_position"] = l.Position
	}
	for key, value := range map[string]int{"width": l.Width, "height": l.Height, "orientation": l.Orientation} {
		if value != 0 {
			e[key] = value
		}
	}
}

// Rendition is an object with what a download tells of it.
type Rendition struct {
	Label         string
	Type          string // "mp4", "json", …
	Width, Height int    // pixels
	FPS           float64
	Object        Object
}

// Labels of what a download lists.
const (
	labelSource = "source"
	labelBaked  = "baked_source"
	labelConcat = "concat"
	labelRAW    = "raw_photo"
	labelProxy  = "high_res_proxy_mp4"
	labelZip    = "zip"
)

func (m *Medium) state() string {
	if m.State == "" {
		return "ready"
	}
	return m.State
}

func (m *Medium) photo() bool { return m.Type == "Photo" }

// edited reports whether the medium is made by the app and not by a camera.
func (m *Medium) edited() bool { return m.Type == "MultiClipEdit" || m.Type == "Edit" }

func (m *Medium) itemCount() int {
	if m.ItemCount != nil {
		return *m.ItemCount
	}
	return len(m.uploads())
}

// uploads are all files as they were uploaded, in the order of their numbers. The
// frames of a burst are looked up one by one, so they are copied only where
// others lie beside them.
func (m *Medium) uploads() []Object {
	if len(m.Beside) == 0 {
		return m.Sources
	}
	return slices.Concat(m.Sources, m.Beside)
}

// bytes is the sum of the originals.
func (m *Medium) bytes() int64 {
	var sum int64
	for _, s := range m.uploads() {
		sum += s.Content.Size()
	}
	return sum
}

// listed reports whether downloads list the source of a number, from 1.
func (m *Medium) listed(number int) bool { return !slices.Contains(m.Missing, number) }

// object returns what lies at a label and number, from 1, or nil.
func (m *Medium) object(label string, number int) *Object {
	of := func(objects []Object) *Object {
		if number < 1 || number > len(objects) {
			return nil
		}
		return &objects[number-1]
	}
	switch label {
	case labelSource:
		return of(m.uploads())
	case labelRAW:
		return of(m.RAW)
	case labelBaked:
		return onlyFirst(m.Baked, number)
	case labelConcat:
		return onlyFirst(m.Concat, number)
	}
	for _, list := range [][]Rendition{m.Proxies, m.Sidecars} {
		nth := 0
		for i := range list {
			if list[i].Label != label {
				continue
			}
			if nth++; nth == number {
				return &list[i].Object
			}
		}
	}
	return nil
}

func onlyFirst(o *Object, number int) *Object {
	if number != 1 {
		return nil
	}
	return o
}

// numberAt returns which object of a label lies at an address, from 1, or 0.
func (m *Medium) numberAt(label, position, file string) int {
	for number := 1; ; number++ {
		o := m.object(label, number)
		if o == nil {
			break
		}
		if o.Listed.File == file && o.Listed.position() == position {
			return number
		}
	}
	digits, _, _ := strings.Cut(file, ".")
	number, _ := strconv.Atoi(digits)
	if o := m.object(label, number); o != nil && (o.Listed.File != "" || o.Listed.position() != position) {
		return 0
	}
	return number
}
