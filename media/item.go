package media

import (
	"cmp"
	"time"
)

// Kind is photo or video; destinations limit them differently.
type Kind string

// The two kinds. An item that is neither is refused by its source.
const (
	Photo Kind = "photo"
	Video Kind = "video"
)

// ID identifies an item. Two items are the same if and only if their IDs are
// equal; file names are decoration and repeat massively.
type ID struct {
	Station string // scheme of the station, such as "gopro"
	// Origin is which instance of the station the medium is of, such as the id
	// of a folder. "" for stations whose medium ids are unique in the world.
	Origin string
	Medium string // the station's own id of the medium, case-sensitive
	Part   int    // chapter or frame number within the medium, from 1
	Label  string // rendition, such as "source" or "baked_source"
}

// SizeUnknown is the Size of an item whose source does not tell it before the
// item is opened.
const SizeUnknown int64 = -1

// Item is one file to be moved. The tags name the members of stored documents.
type Item struct {
	ID ID `json:"id"`

	// Object names the file where its source lists several under one part, or
	// none under a number that is its own: the same part may be another file in
	// the next listing. "" where the part says it all. Two items of one ID whose
	// Objects are both known and differ are different files.
	Object string `json:"object,omitempty"`

	// Name is the file name at the destination: safe (see [SafeName]), and
	// within one session unique.
	Name string `json:"file_name"`
	// FileName is the name before it was made unique within its session; "" if it
	// was unique. See [Item.BaseName].
	FileName string `json:"source_name,omitempty"`
	// Dir is the directory of the file at its source: relative to the source's
	// root, slash-separated and safe (see [SafeDir]). "" for none.
	Dir string `json:"dir,omitempty"`
	// LegacyName is the name that other programs know the file by, or "". It links
	// the items of sessions that they began.
	LegacyName string `json:"legacy_name,omitempty"`

	Size   int64  `json:"size"`           // bytes, or SizeUnknown
	MIME   string `json:"mime,omitempty"` // such as "video/mp4"
	Kind   Kind   `json:"kind,omitempty"`
	Type   string `json:"type,omitempty"`   // the source's own word, such as "TimeLapse"
	Width  int    `json:"width,omitempty"`  // pixels, 0 if unknown
	Height int    `json:"height,omitempty"` // pixels, 0 if unknown
	Camera string `json:"camera,omitempty"` // model, "" if unknown

	// CapturedAt is the capture time the source reports, in UTC. Cameras often
	// report local time as if it were UTC; it is carried as reported. Zero if
	// unknown.
	CapturedAt time.Time `json:"captured_at,omitzero"`
	// CapturedZone is the time zone the source reports beside it, verbatim.
	CapturedZone string `json:"captured_zone,omitempty"`
	// Albums are the albums that hold the item at its source, if it was asked for
	// them.
	Albums []Album `json:"albums,omitempty"`
	// CreatedAt is when the source stored the medium, in UTC.
	CreatedAt time.Time `json:"created_at,omitzero"`

	// Revision is the source's mark of the state in which it found the medium:
	// while the mark is the same, its items are. "" if the source sets none, or
	// did not find out what the items are.
	Revision string `json:"revision,omitempty"`
	// Version identifies the state of the item's bytes, as the listing
	// reports it: an opaque text, such as an ETag, or size and modification time.
	// The file has changed if it has another Version than the one that was
	// carried. "" if the source reports none.
	Version string `json:"version,omitempty"`
	// Of is how many items its medium had then, this one included; 0 if unknown.
	Of int `json:"of,omitempty"`

	// Refusal, if not nil, says why the item cannot be carried.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Refusal is the reason why an item is not carried: known before its first
// byte moves.
type Refusal struct {
	Code   string `json:"code"`   // stable word, such as "unsupported_type"
	Reason string `json:"reason"` // a sentence for the user
}

// Codes of refusals.
const (
	RefusedType        = "unsupported_type" // the destination does not take this type
	RefusedTooLarge    = "too_large"        // beyond the destination's limit for its kind
	RefusedEmpty       = "empty"            // zero bytes
	RefusedProject     = "edit_project"     // an edit decision list, not a film
	RefusedTranscoding = "not_ready"        // the source still works on it; a later run takes it
	RefusedNoOriginal  = "no_original"      // the source holds only lesser renditions
	RefusedIncomplete  = "incomplete"       // the source lists fewer parts than the medium has
	RefusedUnlisted    = "unlisted"         // an earlier program's entry that the source does not list
)

// BaseName returns the name of the file at its source, which other items of the
// session may bear too.
func (it *Item) BaseName() string { return cmp.Or(it.FileName, it.Name) }

// LedgerKey returns the key under which a file is remembered across sessions:
// that of its ID, and of its object if it has one.
func (it *Item) LedgerKey() string { return it.ID.Of(it.Object).Key() }
