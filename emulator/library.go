package emulator

import "time"

// Library is what a GoPro account holds.
type Library []Medium

// Medium is one entry of a GoPro library. The fields are those of a search row;
// a nil pointer is null on the wire.
type Medium struct {
	ID         string // 13 mixed-case alphanumerics or 24 hex digits; case-sensitive
	Type       string // "Photo", "Video", "Burst", …
	Filename   *string
	Extension  string // "mp4", "jpg", …; "" is null
	Title      string // content_title; "" is null
	Captured   time.Time
	Zone       string // captured_at_timezone; "" is absent
	Created    time.Time
	Camera     string // camera_model; "" is null
	Width      int    // of the original in pixels; 0 is null
	Height     int    // of the original in pixels; 0 is null
	Duration   time.Duration
	State      string // ready_to_view; "" is "ready"
	MCEType    string // mce_type; "" is null
	Edit       string // composition; "" is null
	ItemCount  *int   // item_count; nil counts the originals
	FileSize   any    // file_size on the wire; nil is the sum of the originals
	Unfinished bool   // the originals are not in the cloud yet: nothing to download

	// Sources are the originals: one file, chapters in order, or frames. A
	// medium without any has lost them.
	Sources []Object
	// Sourced tells how a set of frames lists its originals.
	Numbered bool
	// Baked is the film rendered from an edit.
	Baked *Object
	// Concat is the film joined from the chapters by the cloud.
	Concat *Object
	// Proxies are lesser renditions.
	Proxies []Rendition
	// RAW are the raw photos beside the originals, by position.
	RAW []Object
	// Sidecars are telemetry, decision lists and other companions.
	Sidecars []Rendition
}

// Rendition is an object with the label it is listed under.
type Rendition struct {
	Label         string
	Extension     string
	Width, Height int // pixels
	FPS           float64
	Object        Object
}

// Object is the bytes behind a CDN URL.
type Object struct {
	Name    string // of this file, as its content disposition tells
	Content Content
}
