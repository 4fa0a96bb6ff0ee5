package sample

import (
	"encoding/json"
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
	Name    string // file name in the content disposition
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

// Rendition is an object with the headers of its download.
type Rendition struct {
	Label         string
	Type          string // "mp4", "json", …
	Width, Height int    // pixels
	FPS           float64
	Object        Object
}

// Labels of what a download lists.
const (
	LabelSource = "source"
	LabelBaked  = "baked_source"
	LabelConcat = "concat"
	LabelRAW    = "raw_photo"
	LabelProxy  = "high_res_proxy_mp4"
	labelZip    = "zip"
)
