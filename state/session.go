package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Stage is one leg of a session.
type Stage string

// The stages, in order.
const (
	Discovery Stage = "discovery" // list the source
	Transfer  Stage = "transfer"  // carry the bytes
	Create    Stage = "create"    // register what was carried
)

// Status is where a stage, an item's stage or a batch stands.
type Status string

// The statuses. Running is for stages and batches: an item at rest is never
// running, so that an interrupted run leaves nothing that no run picks up.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Skipped   Status = "skipped" // an item's create status only
)

// SchemaVersion is the version of the documents this package writes.
const SchemaVersion = 1

// Session is one resumable run: its header, without items and batches.
type Session struct {
	SchemaVersion int       `json:"schema_version"`
	ID            string    `json:"session_id"`
	CreatedAt     time.Time `json:"created_at,omitzero"` // UTC
	UpdatedAt     time.Time `json:"updated_at,omitzero"` // UTC; backends set it when they store the session

	// Foreign says that another program began the session: until the source has
	// been listed again, its items are known by name only, and nothing proves that
	// they are all.
	Foreign bool `json:"foreign,omitempty"`

	// Start and End are the capture window as ISO datetimes. Window is the exact
	// span, nil if the session is Foreign: see [Session.CaptureWindow].
	Start     string           `json:"start_date_iso,omitempty"`
	End       string           `json:"end_date_iso,omitempty"`
	Window    *media.Window    `json:"window,omitempty"`
	BatchSize int              `json:"batch_size"` // items per create call
	Stages    map[Stage]Status `json:"stages"`

	From string `json:"from,omitempty"` // station, such as "gopro:"
	To   string `json:"to,omitempty"`   // station, such as "gphotos:"
	// Origin is which instance of the source the items are of, such as a user of
	// the GoPro cloud or a folder; "" until known.
	Origin string `json:"origin,omitempty"`
	// Account is the destination account that the items went to; "" until known.
	Account string       `json:"account,omitempty"`
	Album   string       `json:"album,omitempty"`    // template of the title that items are put into; "" for none
	AlbumID string       `json:"album_id,omitempty"` // of the first album that was opened for it
	Albums  string       `json:"albums,omitempty"`   // MirrorAlbums or ""
	Quality string       `json:"quality,omitempty"`  // "source" or a height
	Layout  string       `json:"layout,omitempty"`   // where the destination puts items; "" for its default
	Filter  media.Filter `json:"filter,omitzero"`    // which items to take

	// ProvenAt is when the last listing began that was walked to its proven end, so
	// that the session holds every item its window had at that time. Zero if none
	// was.
	ProvenAt time.Time `json:"proven_at,omitzero"`
	// VerifiedAt is when the last verification began that found every item at
	// the destination, except those refused with a reason; UTC.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	// Copying says that the session is being copied into its backend and is not
	// whole yet, nor may be run, until the copy has been proved.
	Copying bool `json:"copying,omitempty"`

	// Extra holds keys of the stored document that this version does not know;
	// they are written back unchanged.
	Extra map[string]json.RawMessage `json:"-"`
}

// Item is one item of a session: what it is and where it stands.
type Item struct {
	media.Item
	Seq int64 `json:"seq"` // order of discovery within the session, from 1; backends assign it on first Put

	Discovery Status `json:"discovery_status"`
	Transfer  Status `json:"transfer_status"`
	Create    Status `json:"create_status"`

	// DownloadURL is the address that another program found. Gondola resolves
	// addresses just before use and stores none.
	DownloadURL string              `json:"download_url,omitempty"`
	Checkpoint  *station.Checkpoint `json:"-"` // how far an interrupted upload came
	Receipt     *station.Receipt    `json:"-"` // proof of a finished upload, until it is spent

	DestinationID string `json:"destination_id,omitempty"` // the destination's id, once it is there
	SHA256        string `json:"sha256,omitempty"`         // of the bytes as they passed, lower-case hex
	Carried       int64  `json:"carried,omitempty"`        // bytes of the finished upload
	Recorded      int64  `json:"recorded,omitempty"`       // bytes by the source's record, if other than Carried; 0: the same, or not known
	SameAs        string `json:"same_as,omitempty"`        // name of another file of its medium with the same bytes; "" if none is known
	AlreadyThere  bool   `json:"already_there,omitempty"`  // it was at the destination before this session
	CarriedAgain  int    `json:"carried_again,omitempty"`  // how often a stale receipt sent it back to transfer

	CarriedAt    time.Time `json:"carried_at,omitzero"`    // when its upload was finished, UTC
	RegisteredAt time.Time `json:"registered_at,omitzero"` // when it came to be at the destination, UTC
	// Unfiled are the albums that the item is still to be put into. Those of an item
	// that is not at the destination yet follow when it is.
	Unfiled []media.Album `json:"unfiled,omitempty"`
	// FilingError is why it could not be put into one of them; nil if it was not
	// tried.
	FilingError *ErrorRecord `json:"filing_error,omitempty"`

	// MissedAt is when a verification last looked for it at the destination and
	// did not find it, so that it is carried again; UTC.
	MissedAt time.Time `json:"missed_at,omitzero"`

	Errors map[Stage]ErrorRecord      `json:"errors,omitempty"`
	Extra  map[string]json.RawMessage `json:"-"`
}

// Remark returns what is to be said of an item that was carried; "" if nothing.
func (it *Item) Remark() string {
	if it.Carried == 0 {
		return ""
	}
	var remarks []string
	if it.Recorded != 0 {
		word := "fewer"
		if it.Carried > it.Recorded {
			word = "more"
		}
		remarks = append(remarks, fmt.Sprintf("it has %d bytes, %d %s than the source's record says",
			it.Carried, max(it.Carried-it.Recorded, it.Recorded-it.Carried), word))
	}
	if it.SameAs != "" {
		remarks = append(remarks, fmt.Sprintf("its bytes are those of %s, another file of the same medium", it.SameAs))
	}
	return strings.Join(remarks, "; ")
}

// Batch records one create call.
type Batch struct {
	Index     int                        `json:"batch_index"`
	FileNames []string                   `json:"file_names,omitempty"` // names of its items
	Status    Status                     `json:"status"`
	Responses []string                   `json:"responses_json,omitempty"` // the service's answers as JSON documents
	Error     *ErrorRecord               `json:"error,omitempty"`
	Extra     map[string]json.RawMessage `json:"-"`
}

// ErrorRecord is the last failure of an item's stage or of a batch. It never
// holds a secret.
type ErrorRecord struct {
	Type    string      `json:"error_type"`      // the fault's code; another program's own word
	Class   fault.Class `json:"class,omitempty"` // "" in records of another program
	Message string      `json:"message"`
	Attempt int         `json:"attempt"`             // from 1
	At      time.Time   `json:"updated_at,omitzero"` // UTC
}

// FirstBatchIndex is where batch numbers begin. Lower ones are left to programs
// that share a store with Gondola.
const FirstBatchIndex = 1_000_000

// Awaits returns the stage the item has to pass next, or "" if it is done:
// registered, or refused with a reason.
//
// It is the one rule that the engine works by. An
// item whose creation is skipped because its transfer failed awaits
// transfer: only a [media.Refusal] is final.
func (it *Item) Awaits() Stage {
	switch {
	case it.Refusal != nil:
		return ""
	case it.Discovery != Completed:
		return Discovery
	case it.Transfer != Completed:
		return Transfer
	case it.Create == Completed:
		return ""
	}
	return Create
}

// Filing is what Next says of an item that is at the destination and not in all of
// its albums yet. It is no stage.
const Filing Stage = "filing"

// Next returns what the item has to pass next: a stage, Filing, or "". It is the
// rule that backends index by.
func (it *Item) Next() Stage {
	stage := it.Awaits()
	if stage == "" && it.Refusal == nil && len(it.Unfiled) > 0 {
		return Filing
	}
	return stage
}

// MirrorAlbums is [Session.Albums] of a session that puts items into the albums
// that hold them at their source.
const MirrorAlbums = "mirror"

// Outcome is what became of an item, in the words of the summary.
type Outcome string

// The outcomes.
const (
	OutcomeCreated      Outcome = "created"
	OutcomeAlreadyThere Outcome = "already_there"
	OutcomeSkipped      Outcome = "skipped"
	OutcomeFailed       Outcome = "failed"
	OutcomePending      Outcome = "pending"
)

// Outcome returns what became of the item so far. A failed item is one whose
// next stage failed, or that could not be put into an album; it is tried again by
// the next run.
func (it *Item) Outcome() Outcome {
	switch stage := it.Next(); {
	case it.Refusal != nil:
		return OutcomeSkipped
	case stage == "" && it.AlreadyThere:
		return OutcomeAlreadyThere
	case stage == "":
		return OutcomeCreated
	case stage == Transfer && it.Transfer == Failed, stage == Create && it.Create == Failed, stage == Discovery && it.Discovery == Failed,
		stage == Filing && it.FilingError != nil:
		return OutcomeFailed
	}
	return OutcomePending
}

// Failure returns why an item whose outcome is OutcomeFailed failed; nil for others.
func (it *Item) Failure() *ErrorRecord {
	if it.Outcome() != OutcomeFailed {
		return nil
	}
	if it.Next() == Filing {
		return it.FilingError
	}
	if record, ok := it.Errors[it.Awaits()]; ok {
		return &record
	}
	return nil
}

// Counts sums up a session's items.
type Counts struct {
	Total    int
	Outcomes map[Outcome]int
	Bytes    int64 // sum of known item sizes, refused items excluded
	Carried  int64 // bytes of finished uploads
}

// Add counts an item in. Outcomes must not be nil.
func (c *Counts) Add(it *Item) {
	outcome := it.Outcome()
	c.Total++
	c.Outcomes[outcome]++
	c.Carried += it.Carried
	if it.Refusal == nil && it.Size > 0 {
		c.Bytes += it.Size
	}
}
